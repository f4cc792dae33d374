"""Versions of the terms: whatever changes after an approval needs both sides again.

Before the last signature a change makes it a proposal again. Afterwards it is an amendment: the
terms in force stay valid until both sides have approved the new ones. Terms that both sides had
approved are kept, and can be returned to, by the same road.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError

from services.agreements.domain.agreement_places import YearOf, in_year
from services.agreements.domain.agreements import (
    BEFORE_LAST_SIGNATURE,
    HOLDING,
    Agreement,
    must_be,
    must_be_shown,
    sound,
)
from services.agreements.domain.decisions import Decided, decide, must_not_lie_ahead
from services.agreements.events.agreements import (
    AgreedTerms,
    AgreementAmended,
    AgreementAmendmentApproved,
    AgreementAmendmentProposed,
    AgreementAmendmentWithdrawn,
    AgreementRevised,
    Amendment,
    EarlierTerms,
)
from services.agreements.events.values import Approval, Places, Side
from shared.dates import PartialDate
from shared.errors import Rejected


def revise(
    agreement: Agreement, changed: AgreedTerms, *, on: PartialDate, reason: str, today: date
) -> Decided[Agreement]:
    """Other terms before the last signature: approvals, reviews and signatures were of others."""
    must_be(agreement, *BEFORE_LAST_SIGNATURE, code="agreement-is-signed")
    must_not_lie_ahead(on, today=today)
    _must_differ(agreement, changed)
    kept = _kept(agreement, until=on) if agreement.status == "approved" else None
    fact = AgreementRevised(
        **_fields(changed),
        on=on,
        reason=reason,
        terms_number=agreement.terms_number + (kept is not None),
        earlier_terms=(*agreement.earlier_terms, *([kept] if kept else [])),
        reviews=(),
        approvals=(),
        signatures=(),
        status="proposed",
    )
    sound(agreement.after(fact))
    return decide(agreement, fact)


def propose_amendment(
    agreement: Agreement,
    changed: AgreedTerms,
    *,
    on: PartialDate,
    reason: str,
    today: date,
    of: YearOf,
) -> Decided[Agreement]:
    """Other terms for what is signed: one amendment after the other."""
    must_be(agreement, "signed", *HOLDING, code="agreement-not-signed")
    must_not_lie_ahead(on, today=today)
    if agreement.amendment is not None:
        raise Rejected(
            "agreement-amendment-under-way",
            f"version {agreement.amendment.number} waits for approval: withdraw it first",
        )
    names = _must_differ(agreement, changed)
    _must_leave_this_year(agreement, changed, year=of(today))
    sound(agreement.model_copy(update=_fields(changed)))
    return decide(
        agreement,
        AgreementAmendmentProposed(
            amendment=Amendment(
                number=agreement.terms_number + 1,
                proposed_on=on,
                reason=reason,
                changed=tuple(names),
                terms=changed,
            )
        ),
    )


def approve_amendment(
    agreement: Agreement,
    *,
    side: Side,
    on: PartialDate,
    evidence: str | None,
    today: date,
    of: YearOf,
) -> Decided[Agreement]:
    """One side consents; with both it takes the place of the terms that were in force."""
    must_be(agreement, "signed", *HOLDING, code="agreement-not-signed")
    amendment = _must_be_under_way(agreement)
    must_not_lie_ahead(on, today=today)
    must_be_shown(side, evidence)
    if any(each.side == side for each in amendment.approvals):
        raise Rejected(
            "agreement-already-approved", f"the approval of this side ({side}) is recorded"
        )
    approvals = (*amendment.approvals, Approval(side=side, on=on, evidence=evidence))
    approved = AgreementAmendmentApproved(
        side=side,
        on=on,
        evidence=evidence,
        amendment=amendment.model_copy(update={"approvals": approvals}),
    )
    if {each.side for each in approvals} != {"ours", "theirs"}:
        return decide(agreement, approved)
    _must_leave_this_year(agreement, amendment.terms, year=of(today))
    amended = AgreementAmended(
        **_fields(_still_so(agreement, amendment)),
        on=on,
        reason=amendment.reason,
        terms_number=amendment.number,
        earlier_terms=(*agreement.earlier_terms, _kept(agreement, until=on)),
        approvals=approvals,
        amendment=None,
    )
    sound(agreement.after(approved, amended))
    return decide(agreement, approved, amended)


def withdraw_amendment(
    agreement: Agreement, *, on: PartialDate, reason: str, today: date
) -> Decided[Agreement]:
    """It is given up; the terms in force stay."""
    _must_be_under_way(agreement)
    must_not_lie_ahead(on, today=today)
    return decide(agreement, AgreementAmendmentWithdrawn(on=on, reason=reason, amendment=None))


def terms_changed(agreement: Agreement, changes: Mapping[str, Any]) -> AgreedTerms:
    """The terms with other values of some fields. Raises Rejected: `field-not-amendable`,
    `value-invalid`."""
    for name in changes:
        if name not in AgreedTerms.model_fields:
            raise Rejected(
                "field-not-amendable",
                f"{name!r} is no term; the terms are {', '.join(AgreedTerms.model_fields)}",
                field=f"changes.{name}",
                status=422,
            )
    try:
        return AgreedTerms.model_validate(agreement.terms.model_dump(mode="json") | dict(changes))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(part) for part in ("changes", *first["loc"]))
        raise Rejected("value-invalid", first["msg"], field=place, status=422) from None


def terms_of(agreement: Agreement, number: int) -> AgreedTerms:
    """An earlier version. Raises Rejected("agreement-version-unknown", 422)."""
    for each in agreement.earlier_terms:
        if each.number == number:
            return each.terms
    known = ", ".join(str(each.number) for each in agreement.earlier_terms)
    raise Rejected(
        "agreement-version-unknown",
        f"there is no earlier version {number}; there are {known or 'none'}",
        field="return_to",
        status=422,
    )


# --- what changed --------------------------------------------------------------------------------


class Change(BaseModel):
    """One field, as it was and as it is."""

    field: str
    before: Any
    after: Any


class TermsVersion(BaseModel):
    """A version of the terms, and what it changed of the one before."""

    number: int
    until: PartialDate | None
    approvals: list[Approval]
    changes: list[Change]
    terms: AgreedTerms


def versions(agreement: Agreement) -> list[TermsVersion]:
    """All versions that both sides have approved and the present one, the first one first."""
    now = (agreement.terms_number, None, agreement.approvals, agreement.terms)
    earlier = agreement.earlier_terms
    told = [*((each.number, each.until, each.approvals, each.terms) for each in earlier), now]
    before = told[0][3]
    found = []
    for number, until, approvals, terms in told:
        changes = [
            Change(field=name, before=was, after=now)
            for name, was, now in _differences(before, terms)
        ]
        found.append(
            TermsVersion(
                number=number,
                until=until,
                approvals=list(approvals),
                changes=changes,
                terms=terms,
            )
        )
        before = terms
    return found


# --- rules ---------------------------------------------------------------------------------------


def _must_be_under_way(agreement: Agreement) -> Amendment:
    if agreement.amendment is None:
        raise Rejected("agreement-has-no-amendment", "no amendment of it is under way")
    return agreement.amendment


def _must_differ(agreement: Agreement, changed: AgreedTerms) -> list[str]:
    names = [name for name, _, _ in _differences(agreement.terms, changed)]
    if not names:
        raise Rejected("agreement-terms-unchanged", "these are the terms that it has", status=422)
    return names


def _must_leave_this_year(agreement: Agreement, changed: AgreedTerms, *, year: int) -> None:
    if _given(agreement.places, year) != _given(changed.places, year):
        raise Rejected(
            "agreement-places-too-early",
            f"places change from the next academic year on: the earliest is {year + 1}",
            field="changes.places",
            status=422,
        )


def _given(places: Iterable[Places], year: int) -> set[tuple[object, ...]]:
    """What holds in a year, whenever it began or is to end."""
    return {(p.direction, p.kind, p.levels, p.maximum) for p in in_year(places, year)}


def _still_so(agreement: Agreement, amendment: Amendment) -> AgreedTerms:
    """The amended fields over the terms as they are by now: it may have been renewed meanwhile."""
    changed = {name: getattr(amendment.terms, name) for name in amendment.changed}
    return agreement.terms.model_copy(update=changed)


def _kept(agreement: Agreement, *, until: PartialDate) -> EarlierTerms:
    return EarlierTerms(
        number=agreement.terms_number,
        until=until,
        approvals=agreement.approvals,
        terms=agreement.terms,
    )


def _fields(terms: AgreedTerms) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in AgreedTerms.model_fields}


def _differences(one: AgreedTerms, other: AgreedTerms) -> list[tuple[str, Any, Any]]:
    was, now = one.model_dump(mode="json"), other.model_dump(mode="json")
    return [(name, was[name], now[name]) for name in was if was[name] != now[name]]
