"""Agreements entered as they are now, mended, and told again by the office's own list."""

from datetime import date, timedelta

from services.agreements.domain.agreement_suspensions import resumed, suspended
from services.agreements.domain.agreements import (
    BEFORE_LAST_SIGNATURE,
    ENDED,
    HOLDING,
    Agreement,
    signed_by,
    sound,
)
from services.agreements.domain.decisions import (
    REIMPORTED,
    Decided,
    differences,
    fields_of,
    laid_over,
    mend,
    written_as,
)
from services.agreements.events.agreements import (
    AgreementApproved,
    AgreementCorrected,
    AgreementEnteredIntoForce,
    AgreementFields,
    AgreementLapsed,
    AgreementRecorded,
    AgreementRenewed,
    AgreementSubmittedForReview,
    AgreementSuperseded,
    AgreementTerminated,
    AgreementWithdrawn,
)
from services.agreements.events.values import AgreementId, AgreementStatus, Approval, Side
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told

CORRECTABLE = frozenset(AgreementFields.model_fields) - {"status", "superseded_by", "ref"}

ROAD: tuple[AgreementStatus, ...] = ("proposed", "under-review", "approved", "signed", "in-force")


# --- recording the past --------------------------------------------------------------------------


def record(agreement: AgreementId, told: AgreementFields, *, today: date) -> Decided[Agreement]:
    """An agreement enters the register as it is now.

    A status that was not told follows the dates; without a first day it is valid from its
    signature, as one that is signed here.
    """
    status = told.status if "status" in told.model_fields_set else status_by_dates(told, today)
    derived = {"status": status, "valid_from": told.valid_from or told.signed_on}
    new = Agreement.model_validate(told.model_dump() | derived | {"id": agreement})
    sound(new)
    fact = AgreementRecorded.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def status_by_dates(told: AgreementFields, today: date) -> AgreementStatus:
    """What the dates say: ended, in force, signed, or only proposed."""
    began = told.valid_from or told.signed_on
    if began is None:
        return "proposed"
    if told.superseded_by is not None:
        return "superseded"
    if told.ended_on is not None and told.ended_on != told.valid_until:
        return "terminated"
    end = told.ended_on or told.valid_until
    if end is not None and end.last < today and told.renewal.rule != "tacit":
        return "lapsed"
    return "in-force" if began.first <= today else "signed"


def doubts(agreement: Agreement, *, today: date) -> list[str]:
    """What a life cycle step would have refused; of the past it is only said."""
    said = []
    agreed = agreement.status not in ("proposed", "under-review", "withdrawn")
    if agreed and {each.side for each in agreement.approvals} == {"ours"}:
        said.append("only our side's approval is recorded")
    if agreement.status not in (*BEFORE_LAST_SIGNATURE, "withdrawn"):
        if agreement.signed_on is None:
            said.append("no date of signature is given")
        if agreement.valid_from is None:
            said.append("it has no first day in force, so it counts on no day")
    if agreement.status == "in-force":
        if agreement.ended_on is not None:
            said.append(f"it is said to be in force, but it ended on {agreement.ended_on}")
        elif agreement.valid_until is None:
            said.append("no last day is given: it is taken as open-ended")
        elif agreement.valid_until.last < today and agreement.renewal.rule != "tacit":
            said.append(f"it is said to be in force, but its last day was {agreement.valid_until}")
    if agreement.status == "suspended" and not agreement.suspensions:
        said.append("from which day on it rests is not said, so it counts on no day")
    if agreement.status in ("lapsed", "terminated", "superseded") and not (
        agreement.ended_on or agreement.valid_until
    ):
        said.append("it has ended, but no last day in force is given")
    return said


# --- corrections ---------------------------------------------------------------------------------


def correct(agreement: Agreement, changes: Told, *, reason: str, today: date) -> Decided[Agreement]:
    """Its record was wrong. A lapse that rested on a wrong last day is undone with it."""
    after, facts = mend(
        agreement,
        changes,
        reason=reason,
        fact=AgreementCorrected,
        correctable=CORRECTABLE,
        sound=sound,
    )
    if agreement.status != "lapsed" or "valid_until" not in changes:
        return after, facts
    end = after.valid_until
    over = end is not None and end.last < today
    undone = {"ended_on": end} if over else {"status": "in-force", "ended_on": None}
    fact = AgreementCorrected(changes=differences(changes | undone, of=agreement), reason=reason)
    return agreement.after(fact), (fact,)


# --- the office's list, told again ---------------------------------------------------------------


def reconcile(agreement: Agreement, told: Told, *, today: date) -> Decided[Agreement]:
    """Apply what the list newly says: as the step it implies, the rest as a correction.

    Raises Rejected where no step leads from what is known to what is told.
    """
    wanted = laid_over(agreement, told)
    told = written_as(wanted, told)
    state, facts = agreement, list[Fact]()
    for step in _implied(agreement, wanted, told, today=today):
        state = state.after(step)
        facts.append(step)
    rest = differences(
        {field: value for field, value in told.items() if field not in _BY_STEPS}, of=state
    )
    if rest:
        state, corrections = correct(state, rest, reason=REIMPORTED, today=today)
        facts += corrections
    sound(state)
    return state, tuple(facts)


_BY_STEPS = ("status", "superseded_by")


def _implied(now: Agreement, wanted: Agreement, told: Told, *, today: date) -> list[Fact]:
    """The steps from the known status to the told one; a later end of one in force renews it."""
    if wanted.status == now.status:
        return _renewal(now, wanted, told, today=today)
    if now.status == "lapsed" and wanted.status == "in-force" and "valid_until" in told:
        return []  # the correction of its last day undoes the lapse
    if now.status in ENDED:
        raise Rejected(
            "agreement-has-ended",
            f"it is {now.status} and does not become {wanted.status} again: "
            "enter its successor as an agreement of its own",
            field="status",
        )
    if wanted.status in ROAD:
        return _along_the_road(now, wanted, today=today)
    if wanted.status == "withdrawn":
        return [_withdrawal(now, today=today)]
    steps = _along_the_road(now, wanted, today=today) if now.status not in HOLDING else []
    return [*steps, _ending(now, wanted, today=today)]


def _renewal(now: Agreement, wanted: Agreement, told: Told, *, today: date) -> list[Fact]:
    longer = (
        "valid_until" in told
        and now.valid_until is not None
        and (wanted.valid_until is None or wanted.valid_until.last > now.valid_until.last)
    )
    if not longer or now.status not in HOLDING or now.renewal.rule == "none":
        return []
    day_after = now.valid_until.last + timedelta(days=1) if now.valid_until else today
    return [
        AgreementRenewed(
            on=PartialDate.of(min(day_after, today)),
            tacit=False,
            evidence=None,
            valid_until=wanted.valid_until,
        )
    ]


def _along_the_road(now: Agreement, wanted: Agreement, *, today: date) -> list[Fact]:
    """Forward only. A step whose own day is not told is taken to have come by today."""
    goal = wanted.status if wanted.status in ROAD else "in-force"
    if now.status == "suspended" and goal == "in-force":
        return [resumed(now, on=PartialDate.of(today))]
    if now.status not in ROAD or ROAD.index(goal) < ROAD.index(now.status):
        raise Rejected(
            "agreement-cannot-go-back",
            f"it is {now.status} and does not become {wanted.status} again",
            field="status",
        )
    if goal == "under-review":
        return [AgreementSubmittedForReview(on=PartialDate.of(today), status="under-review")]
    if goal == "approved":
        return _approvals(now, wanted, today=today)
    return _signatures(now, wanted, today=today) + (
        [_entry(wanted, today=today)] if goal == "in-force" else []
    )


def _approvals(now: Agreement, wanted: Agreement, *, today: date) -> list[Fact]:
    told = {each.side: each for each in wanted.approvals}
    sides: tuple[Side, ...] = ("ours", "theirs")
    approvals, facts = list(now.approvals), list[Fact]()
    for side in sides:
        if any(each.side == side for each in approvals):
            continue
        approval = told.get(side) or Approval(
            side=side, on=PartialDate.of(today), evidence=REIMPORTED
        )
        approvals.append(approval)
        facts.append(
            AgreementApproved(
                side=side,
                on=approval.on,
                evidence=approval.evidence,
                approvals=tuple(approvals),
                status="approved" if len(approvals) == 2 else "under-review",
            )
        )
    return facts


def _signatures(now: Agreement, wanted: Agreement, *, today: date) -> list[Fact]:
    """A signature of each party that has not signed, on the day that is told for it or for all."""
    if now.status == "signed":
        return []
    told = {each.party: each for each in wanted.signatures}
    state, facts = wanted.model_copy(update={"signatures": now.signatures}), list[Fact]()
    for party in wanted.parties:
        if any(each.party == party.party for each in state.signatures):
            continue
        signature = told.get(party.party)
        on = signature.on if signature else wanted.signed_on
        if on is None or on.first > today:
            raise Rejected(
                "agreement-signing-date-missing",
                f"to be {wanted.status} it needs the day of its last signature, by today",
                field="signed_on",
                status=422,
            )
        fact = signed_by(
            state,
            party=party.party,
            on=on,
            evidence=signature.evidence if signature else REIMPORTED,
        )
        state = state.after(fact)
        facts.append(fact)
    return facts


def _entry(wanted: Agreement, *, today: date) -> Fact:
    on = wanted.valid_from or wanted.signed_on
    if on is None or on.first > today:
        raise Rejected(
            "agreement-not-yet-valid",
            f"it is valid from {on} and cannot be {wanted.status} yet (today is {today})",
            field="valid_from",
            status=422,
        )
    return AgreementEnteredIntoForce(on=on, status="in-force")


def _withdrawal(now: Agreement, *, today: date) -> Fact:
    if now.status not in BEFORE_LAST_SIGNATURE:
        raise Rejected(
            "agreement-cannot-be-withdrawn",
            f"it is {now.status}: it is terminated, with the last day in force",
            field="status",
        )
    return AgreementWithdrawn(on=PartialDate.of(today), reason=REIMPORTED, status="withdrawn")


def _ending(now: Agreement, wanted: Agreement, *, today: date) -> Fact:
    if wanted.status == "suspended":
        return suspended(now, on=PartialDate.of(today), reason=REIMPORTED)
    ended_on = wanted.ended_on or (wanted.valid_until if wanted.status == "lapsed" else None)
    if ended_on is None:
        raise Rejected(
            "agreement-last-day-missing",
            f"to be {wanted.status} it needs its last day in force",
            field="ended_on",
            status=422,
        )
    if wanted.status == "lapsed":
        return AgreementLapsed(ended_on=ended_on, status="lapsed")
    if wanted.status == "superseded":
        return AgreementSuperseded(
            superseded_by=wanted.superseded_by, ended_on=ended_on, status="superseded"
        )
    return AgreementTerminated(
        reason=REIMPORTED,
        notice_on=wanted.notice_on or now.notice_on or ended_on,
        ended_on=ended_on,
        status="terminated",
    )
