"""Bring one record of ours to what upstream says of it now: made, completed, changed or taken back.

A stay that a coordinator entered and that is the same (person, institution, overlapping days) is
attached, so that there is one stay.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.mobility import store
from services.mobility.domain import applications, appointments, programmes, reconciling, stays
from services.mobility.domain.applications import Application
from services.mobility.domain.appointments import Appointment
from services.mobility.domain.decisions import Decided
from services.mobility.domain.following import plain_news, stay_news
from services.mobility.domain.programmes import Headcount
from services.mobility.domain.stays import Stay
from services.mobility.domain.targets import Family, Sought, Target
from services.mobility.usecases.matching import find_same
from services.mobility.usecases.resolving import Pending, keep_pending, resolved_sought
from shared.database import Transaction
from shared.facts import State
from shared.identity import new_id
from shared.lists.news import Told

S = TypeVar("S", bound=State)

REASON = "as HR or the registrar now says"


async def follow(
    tx: Transaction, *, source: str, family: Family, record: str, about: str, now: Target
) -> None:
    """Apply what upstream says now of this record. The person is locked by the caller."""
    table = store.upstream_records
    row = (
        await tx.connection.execute(
            select(table.c.subject, table.c.target).where(
                table.c.source == source,
                table.c.family == family,
                table.c.record == record,
                table.c.about == about,
            )
        )
    ).one_or_none()
    subject = None if row is None else row.subject
    before = None if row is None else Target.model_validate(row.target)
    if before == now:
        return
    today = tx.clock.today(tx.reference.zone(now.fields["unit"]))
    if family == "stay":
        state: State = await _stay(tx, subject, before, now, today=today)
    elif family == "application":
        state = await _application(tx, subject, before, now, today=today)
    elif family == "appointment":
        state = await _appointment(tx, subject, before, now, today=today)
    else:
        state = await _headcount(tx, before, now)
    kept = {
        "source": source,
        "family": family,
        "record": record,
        "about": about,
        "subject": state.id,
        "target": now.model_dump(mode="json"),
    }
    statement = insert(table).values(kept)
    await tx.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "family", "record", "about"],
            set_={"target": statement.excluded.target},
        )
    )


async def _stay(
    tx: Transaction, subject: str | None, before: Target | None, now: Target, *, today: date
) -> Stay:
    found, pending, fields = await _references(tx, before, now)
    if subject is not None:
        stay = await store.stays.load(tx, subject)
    else:
        fresh = _made(Stay, "stay", now, found)
        same = await find_same(tx, fresh, followed=False)
        if same is None:
            saved = await _save(store.stays, tx, stays.record(fresh, today=today))
            await keep_pending(tx, saved, pending, fields=set())
            return saved
        stay = await store.stays.load(tx, same.id)
        found = {field: value for field, value in found.items() if _empty(stay, field)}
        pending = {field: each for field, each in pending.items() if _empty(stay, field)}
        fields = set(pending)
    told = stay_news(stay, before=before, now=now, today=today) | found
    saved = await _save(
        store.stays,
        tx,
        reconciling.reconcile(stay, told, reason=REASON, today=today, mends=True),
    )
    await keep_pending(tx, saved, pending, fields=fields)
    return saved


async def _application(
    tx: Transaction, subject: str | None, before: Target | None, now: Target, *, today: date
) -> Application:
    found, pending, fields = await _references(tx, before, now)
    if subject is None:
        fresh = _made(Application, "application", now, found)
        saved = await _save(store.applications, tx, applications.record(fresh))
    else:
        application = await store.applications.load(tx, subject)
        told = _with_status(plain_news(application, before=before, now=now), before, now) | found
        decided = applications.reconcile(application, told, reason=REASON, today=today, mends=True)
        saved = await _save(store.applications, tx, decided)
    await keep_pending(tx, saved, pending, fields=fields)
    return saved


async def _appointment(
    tx: Transaction, subject: str | None, before: Target | None, now: Target, *, today: date
) -> Appointment:
    if subject is None:
        fresh = _made(Appointment, "appointment", now, {})
        if fresh.status == "withdrawn":
            decided = appointments.record(fresh, today=today)
        else:
            decided = appointments.make(fresh, today=today)
        return await _save(store.appointments, tx, decided)
    appointment = await store.appointments.load(tx, subject)
    told = _with_status(plain_news(appointment, before=before, now=now), before, now)
    return await _save(
        store.appointments,
        tx,
        appointments.reconcile(appointment, told, reason=REASON, today=today, mends=True),
    )


async def _headcount(tx: Transaction, before: Target | None, now: Target) -> Headcount:
    headcount = await store.headcounts.find(
        tx,
        for_update=True,
        unit=now.fields["unit"],
        year=now.fields["year"],
        level=now.fields["level"] or "",
    )
    if headcount is None:
        fresh = Headcount.model_validate(now.fields | {"id": new_id("headcount")})
        return await _save(store.headcounts, tx, programmes.report(fresh))
    told = plain_news(headcount, before=before, now=now)
    decided = programmes.reconcile_headcount(headcount, told, reason=REASON)
    return await _save(store.headcounts, tx, decided)


async def _references(
    tx: Transaction, before: Target | None, now: Target
) -> tuple[dict[str, Any], Pending, set[str]]:
    """Ids of what is newly named (null where it is not known, or not named any more); what is
    pending of it; and which fields that concerns."""
    earlier: Mapping[str, Sought] = before.sought if before else {}
    changed = {field: each for field, each in now.sought.items() if earlier.get(field) != each}
    gone = earlier.keys() - now.sought.keys()
    found, pending = await resolved_sought(tx, changed)
    return found | dict.fromkeys(gone), pending, set(changed) | set(gone)


def _made(model: type[S], kind: str, now: Target, found: Mapping[str, Any]) -> S:
    return model.model_validate(
        {**now.fields, **found} | {"id": new_id(kind), "version": 0, "status": now.status}
    )


def _with_status(told: Told, before: Target | None, now: Target) -> Told:
    return told if before and before.status == now.status else told | {"status": now.status}


def _empty(state: State, field: str) -> bool:
    return getattr(state, field) is None


async def _save(register: Any, tx: Transaction, decided: Decided[S]) -> S:
    state, facts = decided
    saved: S = await register.save(tx, state, *facts)
    return saved
