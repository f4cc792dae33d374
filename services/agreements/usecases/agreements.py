"""Agreements: each step of their life, from the proposal to the end."""

from pydantic import ConfigDict, Field

from services.agreements.domain import agreement_records, agreement_suspensions
from services.agreements.domain import agreements as rules
from services.agreements.domain.agreement_dates import follow_the_calendar, succession_day
from services.agreements.domain.agreements import Agreement
from services.agreements.events.agreements import AgreementTerms
from services.agreements.events.values import AgreementId, Side
from services.agreements.store import agreements, due, succeeded
from services.agreements.usecases.ground import (
    Allow,
    Correct,
    must_be_known,
    must_be_ours,
    must_be_partners,
    own_agreement,
    today_of,
)
from shared.database import Database, Transaction
from shared.dates import PartialDate
from shared.facts import Value
from shared.identity import new_id
from shared.texts import Text


class ProposeAgreement(AgreementTerms):
    """Say what is to be agreed, and between whom."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust/me",
                    "kind": "dual-degree",
                    "title": "Dual degree in mechatronics",
                    "parties": [
                        {"party": "hust", "side": "ours", "signatory": "President"},
                        {"party": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c", "side": "theirs"},
                    ],
                    "valid_until": "2030-08-31",
                    "renewal": {"rule": "tacit", "months": 60, "notice_months": 6},
                    "levels": [7],
                    "fields": ["0714"],
                    "follow_up": {
                        "visit": "visit-01k9zv5n3m8q4w7t2r6y0a1b2d",
                        "follow_up": "1",
                    },
                }
            ]
        }
    )


class ApproveAgreement(Value):
    """One side consented."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"side": "ours", "on": "2025-10-20"},
                {"side": "theirs", "on": "2025-10-27", "evidence": "Letter of 27 October"},
            ]
        }
    )
    side: Side
    on: PartialDate
    evidence: Text | None = Field(default=None, description="What shows it; needed for theirs")


class SignAgreement(Value):
    """One party signed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "party": "partner-01k9zv5n3m8q4w7t2r6y0a1b2c",
                    "on": "2025-11-12",
                    "evidence": "Signed copy, received by post",
                }
            ]
        }
    )
    party: str
    on: PartialDate
    evidence: Text | None = Field(default=None, description="What shows it; needed for theirs")


class RenewAgreement(Value):
    """Both sides agreed that it is valid for longer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"valid_until": "2035-08-31", "on": "2030-06-01", "evidence": "Exchange of letters"}
            ]
        }
    )
    valid_until: PartialDate | None = Field(description="The new last day; null: without end")
    on: PartialDate
    evidence: Text | None = Field(default=None, description="What shows that they agreed")


class WithdrawAgreement(Value):
    """Give it up before the last signature."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on": "2025-11-03", "reason": "signed by us and never returned"}]
        }
    )
    on: PartialDate
    reason: Text


class SuspendAgreement(Value):
    """Let it rest."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"on": "2025-02-01", "until": "2025-07-31", "reason": "no travel is allowed"}
            ]
        }
    )
    on: PartialDate
    until: PartialDate | None = Field(
        default=None, description="Its last day of rest; null: until somebody resumes it"
    )
    reason: Text


class ResumeAgreement(Value):
    """It rests no longer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"on": "2025-08-01"}]})
    on: PartialDate


class TerminateAgreement(Value):
    """Give notice, with the last day in force."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "notice_on": "2025-11-10",
                    "ended_on": "2026-08-31",
                    "reason": "the programme was closed",
                }
            ]
        }
    )
    notice_on: PartialDate
    ended_on: PartialDate = Field(description="The last day in force; may lie ahead")
    reason: Text
    by_both: bool = Field(default=False, description="Both sides waive the term of notice")


class SupersedeAgreement(Value):
    """Its successor takes its place."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"successor": "agreement-01k9zv5n3m8q4w7t2r6y0a1b2e"}]}
    )
    successor: AgreementId
    ended_on: PartialDate | None = Field(
        default=None, description="Its last day; null: the day before the successor's first"
    )


async def propose_agreement(tx: Transaction, allow: Allow, command: ProposeAgreement) -> Agreement:
    """Somebody wants it: with partners that are registered and with whom we still work."""
    must_be_ours(tx, command, allow)
    new, facts = rules.propose(
        AgreementId(new_id("agreement")), command, today=today_of(tx, command.unit)
    )
    await must_name_what_exists(tx, new, active_partners=True)
    return await agreements.save(tx, new, *facts)


async def approve_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ApproveAgreement
) -> Agreement:
    """One side consents; with both it is approved."""
    agreement = await own_agreement(tx, allow, subject)
    approved, facts = rules.approve(
        agreement,
        side=command.side,
        on=command.on,
        evidence=command.evidence,
        today=today_of(tx, agreement.unit),
    )
    return await agreements.save(tx, approved, *facts)


async def sign_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: SignAgreement
) -> Agreement:
    """One party signs; with the last signature it enters into force, if its first day has come."""
    agreement = await own_agreement(tx, allow, subject)
    today = today_of(tx, agreement.unit)
    signed, facts = rules.sign(
        agreement,
        party=command.party,
        on=command.on,
        evidence=command.evidence,
        today=today,
    )
    begun, more = follow_the_calendar(signed, today=today)
    return await agreements.save(tx, begun, *facts, *more)


async def renew_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: RenewAgreement
) -> Agreement:
    """Both sides agreed that it is valid for longer."""
    agreement = await own_agreement(tx, allow, subject)
    renewed, facts = rules.renew(
        agreement,
        valid_until=command.valid_until,
        on=command.on,
        evidence=command.evidence,
        today=today_of(tx, agreement.unit),
    )
    return await agreements.save(tx, renewed, *facts)


async def withdraw_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: WithdrawAgreement
) -> Agreement:
    """It is given up before the last signature."""
    agreement = await own_agreement(tx, allow, subject)
    withdrawn, facts = rules.withdraw(
        agreement, on=command.on, reason=command.reason, today=today_of(tx, agreement.unit)
    )
    return await agreements.save(tx, withdrawn, *facts)


async def suspend_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: SuspendAgreement
) -> Agreement:
    """It rests."""
    agreement = await own_agreement(tx, allow, subject)
    suspended, facts = agreement_suspensions.suspend(
        agreement,
        on=command.on,
        until=command.until,
        reason=command.reason,
        today=today_of(tx, agreement.unit),
    )
    return await agreements.save(tx, suspended, *facts)


async def resume_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: ResumeAgreement
) -> Agreement:
    """It rests no longer."""
    agreement = await own_agreement(tx, allow, subject)
    resumed, facts = agreement_suspensions.resume(
        agreement, on=command.on, today=today_of(tx, agreement.unit)
    )
    return await agreements.save(tx, resumed, *facts)


async def terminate_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: TerminateAgreement
) -> Agreement:
    """Notice is given, with the last day in force."""
    agreement = await own_agreement(tx, allow, subject)
    terminated, facts = rules.terminate(
        agreement,
        notice_on=command.notice_on,
        ended_on=command.ended_on,
        reason=command.reason,
        by_both=command.by_both,
        today=today_of(tx, agreement.unit),
    )
    return await agreements.save(tx, terminated, *facts)


async def supersede_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: SupersedeAgreement
) -> Agreement:
    """Its successor, which is in force, takes its place."""
    agreement = await own_agreement(tx, allow, subject)
    successor = await agreements.load(tx, command.successor, for_update=False)
    ended_on = command.ended_on or succession_day(
        agreement, successor=successor, today=today_of(tx, agreement.unit)
    )
    superseded, facts = rules.supersede(agreement, successor=successor, ended_on=ended_on)
    return await agreements.save(tx, superseded, *facts)


async def correct_agreement(
    tx: Transaction, allow: Allow, subject: AgreementId, command: Correct
) -> Agreement:
    """Its record was wrong."""
    agreement = await own_agreement(tx, allow, subject)
    mended, facts = agreement_records.correct(
        agreement,
        {command.field: command.value},
        reason=command.reason,
        today=today_of(tx, agreement.unit),
    )
    must_be_ours(tx, mended, allow)
    await must_name_what_exists(tx, mended)
    return await agreements.save(tx, mended, *facts)


async def follow_the_clock(database: Database) -> None:
    """Into force, renewed, lapsed, superseded: what the calendar does, one by one.

    A job: runs every minute in one replica, on the local date of each agreement's unit.
    """
    async with database.read() as tx:
        waiting, pairs = await due(tx), await succeeded(tx)
    for subject in waiting:
        async with database.begin(actor="clock", correlation_id=new_id("call")) as tx:
            agreement = await agreements.load(tx, subject)
            after, facts = follow_the_calendar(agreement, today=today_of(tx, agreement.unit))
            await agreements.save(tx, after, *facts)
    for subject, successor in pairs:
        async with database.begin(actor="clock", correlation_id=new_id("call")) as tx:
            await supersede_agreement(
                tx, lambda _unit: None, subject, SupersedeAgreement(successor=successor)
            )


async def must_name_what_exists(
    tx: Transaction, agreement: Agreement, *, active_partners: bool = False
) -> None:
    """Its parties and the agreement before it are in our registers.

    Raises Rejected: `unit-unknown`, `partner-unknown`, `partner-retired`, `agreement-unknown`.
    """
    named = {each.party: f"parties.{index}.party" for index, each in enumerate(agreement.parties)}
    theirs = {partner: named[partner] for partner in agreement.partners}
    for unit in named.keys() - theirs.keys():
        tx.reference.unit(unit, field=named[unit])
    await must_be_partners(tx, theirs, active=active_partners)
    await must_be_known(tx, agreements, agreement.supersedes, field="supersedes")
    await must_be_known(tx, agreements, agreement.superseded_by, field="superseded_by")
