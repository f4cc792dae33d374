"""Internal review: those who are asked say whether our side should consent.

    proposed --submit--> under-review --all agree--> our side may approve
        ^---------- one asks for changes ----------'

Reviewers are named by role, office or person_ref; each submission asks all of them anew.
"""

from collections.abc import Sequence
from datetime import date

from services.agreements.domain.agreements import Agreement, must_be
from services.agreements.domain.decisions import (
    Decided,
    decide,
    must_be_distinct,
    must_not_lie_ahead,
)
from services.agreements.events.agreements import AgreementReviewed, AgreementSubmittedForReview
from services.agreements.events.values import Review, Verdict
from shared.dates import PartialDate
from shared.errors import Rejected


def submit_for_review(
    agreement: Agreement, *, on: PartialDate, reviewers: Sequence[str] = (), today: date
) -> Decided[Agreement]:
    """It goes to those who review it, and to those who approve."""
    must_be(agreement, "proposed", code="agreement-not-proposed")
    must_not_lie_ahead(on, today=today)
    must_be_distinct(reviewers, code="agreement-reviewer-twice", field="reviewers")
    return decide(
        agreement,
        AgreementSubmittedForReview(
            on=on,
            reviews=tuple(Review(reviewer=each) for each in reviewers),
            status="under-review",
        ),
    )


def review(
    agreement: Agreement,
    *,
    reviewer: str,
    verdict: Verdict,
    on: PartialDate,
    note: str | None,
    today: date,
) -> Decided[Agreement]:
    """One of the reviewers speaks. Who asks for changes says which; then nobody has approved it."""
    must_be(agreement, "under-review", code="agreement-not-under-review")
    must_not_lie_ahead(on, today=today)
    asked = {each.reviewer: each for each in agreement.reviews}
    if reviewer not in asked:
        raise Rejected(
            "agreement-reviewer-unknown",
            f"{reviewer!r} was not asked; asked were {', '.join(asked) or 'none'}",
            field="reviewer",
            status=422,
        )
    if asked[reviewer].verdict is not None:
        raise Rejected("agreement-already-reviewed", f"the verdict of {reviewer} is recorded")
    if verdict == "asks-for-changes" and note is None:
        raise Rejected(
            "agreement-review-without-note", "say what should change", field="note", status=422
        )
    given = Review(reviewer=reviewer, verdict=verdict, on=on, note=note)
    back = verdict == "asks-for-changes"
    return decide(
        agreement,
        AgreementReviewed(
            reviewer=reviewer,
            verdict=verdict,
            on=on,
            note=note,
            reviews=tuple(given if each.reviewer == reviewer else each for each in asked.values()),
            approvals=() if back else agreement.approvals,
            status="proposed" if back else "under-review",
        ),
    )
