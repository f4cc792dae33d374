"""What the clock does: stays and appointments follow their dates, references are found."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any, TypeVar

import structlog
from sqlalchemy import ColumnElement, select, text

from services.mobility import store
from services.mobility.domain import applications as application_rules
from services.mobility.domain import appointments, programmes, reconciling, stays
from services.mobility.domain.decisions import Decided
from services.mobility.domain.targets import Sought
from services.mobility.usecases.ground import today_of
from services.mobility.usecases.resolving import forget, look_up
from shared.database import Database, Transaction
from shared.documents import Register
from shared.errors import Rejected
from shared.facts import State
from shared.identity import new_id
from shared.lists.news import Told
from shared.parking import expire

log = structlog.get_logger()

S = TypeVar("S", bound=State)

ACTOR = "clock"
FOUND = "the reference is known now"
BATCH = 5000


_FINDABLE = text(
    """
    select u.* from unresolved u
    where exists (select from known_partners p where p.keys && u.keys)
       or exists (select from chosen c where c.key = any(u.keys))
       or exists (select from known_agreements a where 'ref:' || a.ref = any(u.keys))
       or exists (select from known_joint_programmes j where 'ref:' || j.ref = any(u.keys))
       or exists (select from programmes g where 'ref:' || g.ref = any(u.keys))
    order by u.since, u.subject limit :limit
    """
)
"""What may be found now; whether it is the only one is asked then."""


async def follow_the_clock(database: Database) -> None:
    """Take every record that is due one step on, each in a transaction of its own."""
    latest = database.clock.now().date() + timedelta(days=1)
    await _move(
        database,
        store.stays,
        store.stays_due(latest),
        lambda stay, today: stays.by_the_dates(stay, today=today),
    )
    await _move(
        database,
        store.appointments,
        store.appointments_due(latest),
        lambda appointment, today: appointments.by_the_dates(appointment, today=today),
    )


async def _move(
    database: Database,
    register: Register[S],
    due: ColumnElement[bool],
    move: Callable[[S, date], Decided[S]],
) -> None:
    async with database.read() as reading:
        ids = (await reading.connection.scalars(select(register.table.c.id).where(due))).all()
    for subject in ids:
        async with database.begin(actor=ACTOR, correlation_id=new_id("job")) as tx:
            state = await register.load(tx, subject)
            after, facts = move(state, today_of(tx, getattr(state, "unit", "")))
            await register.save(tx, after, *facts)


async def find_references(database: Database) -> None:
    """Look up again what was not known when a record named it; the record then says it."""
    async with database.read() as reading:
        rows = (await reading.connection.execute(_FINDABLE, {"limit": BATCH})).all()
    for row in rows:
        async with database.begin(actor=ACTOR, correlation_id=new_id("job")) as tx:
            await _find_one(tx, row)


def forget_parked(*, after_days: int) -> Callable[[Database], Awaitable[None]]:
    """The job that ends the keeping of upstream records which were parked: any of them may hold
    personal data, and their sender still has them."""

    async def forget_them(database: Database) -> None:
        before = database.clock.now() - timedelta(days=after_days)
        gone = await expire(database, topics="upstream.", before=before)
        if gone:
            log.info("parked-expired", count=gone)

    return forget_them


async def _find_one(tx: Transaction, row: Any) -> None:
    sought = Sought(keys=tuple(row.keys), name=row.name, country=row.country)
    found = await look_up(tx, row.field, sought)
    if found is None:
        return
    register, reconcile = _REGISTERS[row.subject.rpartition("-")[0]]
    state = await register.load(tx, row.subject)
    await forget(tx, row.subject, row.field, row.sought)
    if row.field == "partners":
        told: Told = {"partners": [*state.partners, found]}
    elif getattr(state, row.field) is None:
        told = {row.field: found}
    else:
        return
    try:
        after, facts = reconcile(state, told, today_of(tx, state.unit))
    except Rejected as refusal:
        log.warning("reference-refused", subject=row.subject, field=row.field, code=refusal.code)
        return
    await register.save(tx, after, *facts)


_REGISTERS: dict[str, tuple[Register[Any], Callable[[Any, Told, date], Decided[Any]]]] = {
    "stay": (
        store.stays,
        lambda stay, told, today: reconciling.reconcile(stay, told, reason=FOUND, today=today),
    ),
    "application": (
        store.applications,
        lambda application, told, today: application_rules.reconcile(
            application, told, reason=FOUND, today=today
        ),
    ),
    "programme": (
        store.programmes,
        lambda programme, told, _today: programmes.reconcile(programme, told, reason=FOUND),
    ),
}
