"""Agreements: the state, and each step of its life.

    proposed -> under-review -> approved -> signed -> in-force -> lapsed | terminated | superseded
        \\____________|____________/                    ^    |
               withdrawn                               suspended

Both sides approve, every party signs; approval is not signature, and one side's approval is not
agreement. The coordinator records the other side's steps with the evidence for them. What was
once in force is never deleted: it ends, and stays.
"""

from collections import Counter
from datetime import date

from services.agreements.domain.decisions import (
    Decided,
    Record,
    decide,
    fields_of,
    latest,
    must_be_distinct,
    must_not_lie_ahead,
)
from services.agreements.domain.isced import must_be_fields_of_study
from services.agreements.events.agreements import (
    AgreedTerms,
    AgreementApproved,
    AgreementProposed,
    AgreementRenewed,
    AgreementSigned,
    AgreementSuperseded,
    AgreementTerminated,
    AgreementTerms,
    AgreementWhole,
    AgreementWithdrawn,
)
from services.agreements.events.values import (
    AgreementId,
    AgreementStatus,
    Approval,
    Party,
    Places,
    Side,
    Signature,
)
from shared.dates import PartialDate, add_months
from shared.errors import Rejected

BEFORE_LAST_SIGNATURE: tuple[AgreementStatus, ...] = ("proposed", "under-review", "approved")
HOLDING: tuple[AgreementStatus, ...] = ("in-force", "suspended")
ENDED: tuple[AgreementStatus, ...] = ("lapsed", "withdrawn", "terminated", "superseded")


class Agreement(AgreementWhole, Record):
    """An agreement as it stands now."""

    @property
    def terms(self) -> AgreedTerms:
        """What both sides agree on, as it stands."""
        return AgreedTerms(**{name: getattr(self, name) for name in AgreedTerms.model_fields})

    @property
    def partners(self) -> list[str]:
        """The ids of the parties that are not ours."""
        return [each.party for each in self.parties if each.side == "theirs"]

    def party(self, party: str) -> Party:
        """Raises Rejected("agreement-party-unknown")."""
        for each in self.parties:
            if each.party == party:
                return each
        raise Rejected(
            "agreement-party-unknown",
            f"{party!r} is not a party; the parties are "
            + ", ".join(each.party for each in self.parties),
            field="party",
            status=422,
        )


# --- the steps -----------------------------------------------------------------------------------


def propose(agreement: AgreementId, terms: AgreementTerms, *, today: date) -> Decided[Agreement]:
    """Somebody wants it."""
    proposed_on = terms.proposed_on or PartialDate.of(today)
    must_not_lie_ahead(proposed_on, today=today, field="proposed_on")
    new = Agreement(
        id=agreement, **terms.model_dump(exclude={"proposed_on"}), proposed_on=proposed_on
    )
    sound(new)
    fact = AgreementProposed.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def approve(
    agreement: Agreement, *, side: Side, on: PartialDate, evidence: str | None, today: date
) -> Decided[Agreement]:
    """One side consents; with both it is approved."""
    must_be(agreement, "under-review", code="agreement-not-under-review")
    must_not_lie_ahead(on, today=today)
    must_be_shown(side, evidence)
    if any(each.side == side for each in agreement.approvals):
        raise Rejected(
            "agreement-already-approved", f"the approval of this side ({side}) is recorded"
        )
    _must_be_reviewed(agreement, side)
    approvals = (*agreement.approvals, Approval(side=side, on=on, evidence=evidence))
    both = {each.side for each in approvals} == {"ours", "theirs"}
    return decide(
        agreement,
        AgreementApproved(
            side=side,
            on=on,
            evidence=evidence,
            approvals=approvals,
            status="approved" if both else "under-review",
        ),
    )


def sign(
    agreement: Agreement, *, party: str, on: PartialDate, evidence: str | None, today: date
) -> Decided[Agreement]:
    """One party signs; with the last signature it is signed, and valid from then if not later."""
    must_be(agreement, "approved", code="agreement-not-approved")
    must_not_lie_ahead(on, today=today)
    must_be_shown(agreement.party(party).side, evidence)
    if any(each.party == party for each in agreement.signatures):
        raise Rejected("agreement-already-signed", f"the signature of {party} is recorded")
    _must_follow_the_approvals(agreement, on)
    return decide(agreement, signed_by(agreement, party=party, on=on, evidence=evidence))


def signed_by(
    agreement: Agreement, *, party: str, on: PartialDate, evidence: str | None
) -> AgreementSigned:
    """The fact of a signature, and of the last one if it is."""
    signatures = (*agreement.signatures, Signature(party=party, on=on, evidence=evidence))
    complete = {each.party for each in signatures} >= {each.party for each in agreement.parties}
    signed_on = latest(each.on for each in signatures) if complete else None
    return AgreementSigned(
        party=party,
        on=on,
        evidence=evidence,
        signatures=signatures,
        signed_on=signed_on,
        valid_from=agreement.valid_from or signed_on,
        status="signed" if complete else "approved",
    )


def renew(
    agreement: Agreement,
    *,
    valid_until: PartialDate | None,
    on: PartialDate,
    evidence: str | None,
    today: date,
) -> Decided[Agreement]:
    """Both sides agreed that it is valid for longer (None: without end)."""
    must_be(agreement, *HOLDING, code="agreement-not-in-force")
    must_not_lie_ahead(on, today=today)
    must_be_shown("theirs", evidence)
    if agreement.renewal.rule == "none":
        raise Rejected(
            "agreement-not-renewable",
            "its rule is that it is not renewed; propose a successor with `supersedes`",
        )
    if agreement.valid_until is None or (
        valid_until is not None and valid_until.last <= agreement.valid_until.last
    ):
        raise Rejected(
            "agreement-renewal-not-longer",
            f"it is valid until {agreement.valid_until or 'further notice'} already",
            field="valid_until",
            status=422,
        )
    return decide(
        agreement,
        AgreementRenewed(on=on, tacit=False, evidence=evidence, valid_until=valid_until),
    )


def withdraw(
    agreement: Agreement, *, on: PartialDate, reason: str, today: date
) -> Decided[Agreement]:
    """It is given up before the last signature: as a rule, signed by us and never returned."""
    must_be(agreement, *BEFORE_LAST_SIGNATURE, code="agreement-cannot-be-withdrawn")
    must_not_lie_ahead(on, today=today)
    return decide(agreement, AgreementWithdrawn(on=on, reason=reason, status="withdrawn"))


def terminate(
    agreement: Agreement,
    *,
    notice_on: PartialDate,
    ended_on: PartialDate,
    reason: str,
    by_both: bool,
    today: date,
) -> Decided[Agreement]:
    """Notice is given, with the last day in force; both sides together may do without the term."""
    must_be(agreement, "signed", *HOLDING, code="agreement-not-in-force")
    must_not_lie_ahead(notice_on, today=today, field="notice_on")
    if ended_on.last < notice_on.first:
        raise Rejected(
            "agreement-ends-before-notice",
            f"notice given on {notice_on} cannot end it on {ended_on} already",
            field="ended_on",
            status=422,
        )
    if agreement.valid_until is not None and ended_on.first > agreement.valid_until.last:
        raise Rejected(
            "agreement-ends-earlier",
            f"without notice it ends on {agreement.valid_until}",
            field="ended_on",
            status=422,
        )
    if not by_both:
        _must_keep_the_term_of_notice(agreement, notice_on=notice_on, ended_on=ended_on)
    return decide(
        agreement,
        AgreementTerminated(
            reason=reason, notice_on=notice_on, ended_on=ended_on, status="terminated"
        ),
    )


def supersede(
    agreement: Agreement, *, successor: Agreement, ended_on: PartialDate
) -> Decided[Agreement]:
    """Its successor, which is in force, takes its place."""
    must_be(agreement, *HOLDING, code="agreement-not-in-force")
    must_be(successor, *HOLDING, code="agreement-successor-not-in-force")
    if successor.id == agreement.id:
        raise Rejected(
            "agreement-supersedes-itself", "a successor is another agreement", status=422
        )
    return decide(
        agreement,
        AgreementSuperseded(
            superseded_by=AgreementId(successor.id), ended_on=ended_on, status="superseded"
        ),
    )


# --- rules ---------------------------------------------------------------------------------------


def sound(agreement: Agreement) -> None:
    """What must hold of every agreement, however it came to be so."""
    sides = Counter(each.side for each in agreement.parties)
    if sides.total() < 2:
        raise Rejected(
            "agreement-needs-two-parties", "name at least two parties", field="parties", status=422
        )
    if not (sides["ours"] and sides["theirs"]):
        raise Rejected(
            "agreement-needs-both-sides",
            "name at least one party of ours (a unit) and one of theirs (a partner)",
            field="parties",
            status=422,
        )
    must_be_distinct(
        (each.party for each in agreement.parties), code="agreement-party-twice", field="parties"
    )
    for index, signature in enumerate(agreement.signatures):
        if signature.party not in {each.party for each in agreement.parties}:
            raise Rejected(
                "agreement-party-unknown",
                f"{signature.party!r} signed but is not a party",
                field=f"signatures.{index}.party",
                status=422,
            )
    must_be_fields_of_study(agreement.fields, field="fields")
    _must_end_after_it_begins(agreement)
    if agreement.renewal.rule == "tacit" and agreement.renewal.months is None:
        raise Rejected(
            "agreement-renewal-without-months",
            "a tacit renewal extends by a number of months: say how many",
            field="renewal.months",
            status=422,
        )
    _must_rest_in_order(agreement)
    _must_give_places_once(agreement)
    if agreement.supersedes == agreement.id:
        raise Rejected(
            "agreement-supersedes-itself",
            "a successor is another agreement",
            field="supersedes",
            status=422,
        )


def _must_rest_in_order(agreement: Agreement) -> None:
    """One suspension after the other, each over before the next begins."""
    over: date | None = date.min
    for index, each in enumerate(agreement.suspensions):
        begins, ends = each.suspended_from, each.suspended_until
        if over is None or begins.first <= over or (ends and ends.last < begins.first):
            raise Rejected(
                "agreement-suspensions-in-disorder",
                "a suspension ends before it begins, or begins before the one before it is over",
                field=f"suspensions.{index}",
                status=422,
            )
        over = ends.last if ends else None


def _must_give_places_once(agreement: Agreement) -> None:
    """In each year one line for each direction, kind and level: else one could count the other."""
    for index, each in enumerate(agreement.places):
        if each.from_year and each.until_year and each.until_year < each.from_year:
            raise Rejected(
                "agreement-places-end-before-they-begin",
                f"they begin in {each.from_year} and cannot end in {each.until_year}",
                field=f"places.{index}.until_year",
                status=422,
            )
        if any(_overlap(each, earlier) for earlier in agreement.places[:index]):
            raise Rejected(
                "agreement-places-twice",
                "another line gives places of the same direction, kind and level in the same year",
                field=f"places.{index}",
                status=422,
            )


def _overlap(one: Places, other: Places) -> bool:
    return (
        (one.direction, one.kind) == (other.direction, other.kind)
        and (one.levels == other.levels or not set(one.levels).isdisjoint(other.levels))
        and (one.from_year or 0) <= (other.until_year or 9999)
        and (other.from_year or 0) <= (one.until_year or 9999)
    )


def _must_end_after_it_begins(agreement: Agreement) -> None:
    for field in ("valid_until", "ended_on"):
        end: PartialDate | None = getattr(agreement, field)
        if agreement.valid_from and end and end.last < agreement.valid_from.first:
            raise Rejected(
                "agreement-ends-before-it-begins",
                f"it is valid from {agreement.valid_from} and cannot end on {end}",
                field=field,
                status=422,
            )


def must_be(agreement: Agreement, *allowed: AgreementStatus, code: str) -> None:
    if agreement.status not in allowed:
        raise Rejected(
            code, f"it is {agreement.status}; this step is for one that is {' or '.join(allowed)}"
        )


def must_be_shown(side: Side, evidence: str | None) -> None:
    """What the other side did is recorded by us, so it is shown."""
    if side == "theirs" and not evidence:
        raise Rejected(
            "agreement-evidence-missing",
            "say what shows the other side's step: a letter, a mail, a signed copy",
            field="evidence",
            status=422,
        )


def _must_be_reviewed(agreement: Agreement, side: Side) -> None:
    """Our side consents when all whom it asked have agreed; theirs does as it likes."""
    silent = [each.reviewer for each in agreement.reviews if each.verdict != "agrees"]
    if side == "ours" and silent:
        raise Rejected(
            "agreement-review-open", f"these have not agreed yet: {', '.join(silent)}", field="side"
        )


def _must_follow_the_approvals(agreement: Agreement, on: PartialDate) -> None:
    approved_on = latest(each.on for each in agreement.approvals)
    if approved_on is not None and on.last < approved_on.first:
        raise Rejected(
            "agreement-signed-before-approval",
            f"it was approved on {approved_on}; a signature before that signs something else",
            field="on",
            status=422,
        )


def _must_keep_the_term_of_notice(
    agreement: Agreement, *, notice_on: PartialDate, ended_on: PartialDate
) -> None:
    months = agreement.renewal.notice_months
    if months is None:
        return
    earliest = add_months(notice_on.first, months)
    if ended_on.last < earliest:
        raise Rejected(
            "agreement-notice-too-short",
            f"its term of notice is {months} months: the earliest end is {earliest}, "
            "unless both sides agree to an earlier one (`by_both`)",
            field="ended_on",
            status=422,
        )
