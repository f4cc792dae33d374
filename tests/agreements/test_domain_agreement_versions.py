"""Reviews, revisions and amendments: whatever changes after an approval needs both sides again."""

from datetime import date
from typing import Any

import pytest

from services.agreements.domain import agreement_reviews, agreements
from services.agreements.domain.agreement_versions import (
    approve_amendment,
    propose_amendment,
    revise,
    terms_changed,
    terms_of,
    versions,
    withdraw_amendment,
)
from services.agreements.domain.agreements import Agreement
from services.agreements.domain.decisions import Decided
from tests.agreements.making import BOTH_APPROVED, TODAY, an_agreement, on, refused, types

DAY = on("2025-11-14")
LONGER = {"valid_until": "2032-08-31"}
REVIEWERS = ("Legal office", "Vice-rector")


def year_of(day: date) -> int:
    return day.year


# --- internal review -----------------------------------------------------------------------------


def under_review() -> Agreement:
    after, _ = agreement_reviews.submit_for_review(
        an_agreement("proposed"), on=DAY, reviewers=REVIEWERS, today=TODAY
    )
    return after


def reviewed(
    agreement: Agreement, reviewer: str, verdict: Any = "agrees", note: str | None = None
) -> Agreement:
    after, _ = agreement_reviews.review(
        agreement, reviewer=reviewer, verdict=verdict, on=DAY, note=note, today=TODAY
    )
    return after


def approved(agreement: Agreement, side: Any, evidence: str | None = "letter") -> Agreement:
    return agreements.approve(agreement, side=side, on=DAY, evidence=evidence, today=TODAY)[0]


def test_our_side_consents_when_all_reviewers_have_agreed() -> None:
    one = reviewed(approved(under_review(), "theirs"), "Legal office")
    with refused("agreement-review-open"):
        approved(one, "ours")
    assert approved(reviewed(one, "Vice-rector"), "ours").status == "approved"


def test_a_reviewer_who_asks_for_changes_sends_it_back_and_is_asked_anew() -> None:
    back = reviewed(
        approved(reviewed(under_review(), "Legal office"), "theirs"),
        "Vice-rector",
        "asks-for-changes",
        "Two places are too few",
    )
    assert (back.status, back.approvals) == ("proposed", ())
    assert [each.verdict for each in back.reviews] == ["agrees", "asks-for-changes"]
    again, _ = agreement_reviews.submit_for_review(
        back, on=DAY, reviewers=["Vice-rector"], today=TODAY
    )
    assert [each.verdict for each in again.reviews] == [None]


def test_only_who_was_asked_speaks_and_only_once() -> None:
    with refused("agreement-reviewer-unknown", field="reviewer"):
        reviewed(under_review(), "Somebody")
    with refused("agreement-already-reviewed"):
        reviewed(reviewed(under_review(), "Legal office"), "Legal office")
    with refused("agreement-review-without-note", field="note"):
        reviewed(under_review(), "Legal office", "asks-for-changes")
    with refused("agreement-reviewer-twice", field="reviewers.1"):
        agreement_reviews.submit_for_review(
            an_agreement("proposed"), on=DAY, reviewers=["A", "A"], today=TODAY
        )
    with refused("agreement-not-under-review"):
        reviewed(an_agreement("approved"), "Legal office")


# --- before the last signature -------------------------------------------------------------------


def revised(agreement: Agreement, **changes: Any) -> Agreement:
    terms = terms_changed(agreement, changes or LONGER)
    return revise(agreement, terms, on=DAY, reason="asked for", today=TODAY)[0]


def test_a_change_after_approval_needs_both_sides_again() -> None:
    signed_by_us = [{"party": "hust/me", "on": "2025-11-10"}]
    after = revised(an_agreement("approved", signatures=signed_by_us))
    assert (after.status, after.approvals, after.signatures) == ("proposed", (), ())
    assert (after.terms_number, after.valid_until) == (2, "2032-08-31")
    [kept] = after.earlier_terms
    assert (kept.number, kept.terms.valid_until, len(kept.approvals)) == (1, None, 2)


def test_what_nobody_had_approved_is_no_version() -> None:
    after = revised(an_agreement("under-review", approvals=BOTH_APPROVED[:1]))
    assert (after.status, after.approvals, after.earlier_terms) == ("proposed", (), ())


def test_terms_change_and_are_sound_or_are_refused() -> None:
    with refused("agreement-terms-unchanged"):
        revised(an_agreement("proposed"), title="Exchange of students")
    with refused("field-not-amendable", field="changes.status"):
        revised(an_agreement("proposed"), status="in-force")
    with refused("value-invalid", field="changes.levels.0"):
        revised(an_agreement("proposed"), levels=[9])
    with refused("agreement-needs-two-parties"):
        revised(an_agreement("proposed"), parties=[])
    with refused("agreement-is-signed"):
        revised(an_agreement("signed"))


# --- amendments ----------------------------------------------------------------------------------


def proposed(agreement: Agreement, **changes: Any) -> Agreement:
    after, facts = propose_amendment(
        agreement,
        terms_changed(agreement, changes or LONGER),
        on=DAY,
        reason="asked for",
        today=TODAY,
        of=year_of,
    )
    assert types((after, facts)) == ["agreement-amendment-proposed"]
    return after


def consent(agreement: Agreement, side: Any, evidence: str | None = "letter") -> Decided[Agreement]:
    return approve_amendment(
        agreement, side=side, on=DAY, evidence=evidence, today=TODAY, of=year_of
    )


def amended(agreement: Agreement, **changes: Any) -> Agreement:
    return consent(consent(proposed(agreement, **changes), "ours")[0], "theirs")[0]


@pytest.mark.parametrize("status", ["signed", "in-force", "suspended"])
def test_the_terms_in_force_stay_until_both_sides_approve_the_next(status: str) -> None:
    waiting = proposed(an_agreement(status))
    assert (waiting.valid_until, waiting.terms_number) == (None, 1)
    half, facts = consent(waiting, "ours")
    assert (half.valid_until, types((half, facts))) == (None, ["agreement-amendment-approved"])
    done = consent(half, "theirs")
    assert types(done) == ["agreement-amendment-approved", "agreement-amended"]
    after, _ = done
    assert (after.valid_until, after.terms_number, after.amendment) == ("2032-08-31", 2, None)
    assert (after.status, [each.on for each in after.approvals]) == (status, [DAY, DAY])


def test_an_amendment_needs_each_side_once_and_what_shows_theirs() -> None:
    half, _ = consent(proposed(an_agreement()), "ours")
    with refused("agreement-already-approved"):
        consent(half, "ours")
    with refused("agreement-evidence-missing", field="evidence"):
        consent(half, "theirs", None)
    with refused("agreement-has-no-amendment"):
        consent(an_agreement(), "ours")


def test_one_amendment_follows_the_other_and_may_be_given_up() -> None:
    waiting = proposed(an_agreement())
    with refused("agreement-amendment-under-way"):
        proposed(waiting, title="Exchange")
    kept, _ = withdraw_amendment(waiting, on=DAY, reason="no answer", today=TODAY)
    assert (kept.amendment, kept.valid_until) == (None, None)
    with refused("agreement-has-no-amendment"):
        withdraw_amendment(kept, on=DAY, reason="no answer", today=TODAY)
    with refused("agreement-not-signed"):
        proposed(an_agreement("approved"))


def test_an_earlier_version_is_returned_to_by_the_same_road() -> None:
    second = amended(an_agreement(), **LONGER, levels=[7])
    back, _ = propose_amendment(
        second, terms_of(second, 1), on=DAY, reason="as before", today=TODAY, of=year_of
    )
    third = consent(consent(back, "theirs")[0], "ours")[0]
    assert (third.terms_number, third.valid_until, third.levels) == (3, None, ())
    told = [(each.number, [change.field for change in each.changes]) for each in versions(third)]
    assert told == [(1, []), (2, ["valid_until", "levels"]), (3, ["valid_until", "levels"])]
    assert [each.until for each in versions(third)] == [DAY, DAY, None]
    with refused("agreement-version-unknown", field="return_to"):
        terms_of(third, 3)


def test_what_was_renewed_while_the_amendment_waited_stays_renewed() -> None:
    renewal = {"rule": "by-agreement"}
    waiting = proposed(an_agreement(valid_until="2026-08-31", renewal=renewal), title="Exchange")
    renewed, _ = agreements.renew(
        waiting, valid_until=on("2031-08-31"), on=DAY, evidence="letters", today=TODAY
    )
    after = consent(consent(renewed, "ours")[0], "theirs")[0]
    assert (after.title, after.valid_until) == ("Exchange", "2031-08-31")


def test_an_amendment_leaves_the_places_of_this_year_alone() -> None:
    agreement = an_agreement(places=[{"direction": "out", "maximum": 2}])
    with refused("agreement-places-too-early", field="changes.places"):
        proposed(agreement, places=[{"direction": "out", "maximum": 4}])
    after = amended(
        agreement,
        places=[
            {"direction": "out", "maximum": 2, "until_year": 2025},
            {"direction": "out", "maximum": 4, "from_year": 2026},
        ],
    )
    assert [each.maximum for each in after.places] == [2, 4]
