"""Calendars that others subscribe to: whoever knows the address reads, until it is revoked."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row, func, insert, select, update

from services.visits.domain import Visit
from services.visits.events import VisitId
from services.visits.gateways.calendar import Entry, calendar_of
from services.visits.store import calendars, persons, visits, visits_in_calendar
from services.visits.usecases.lifecycle import Allow
from services.visits.usecases.recording import must_have_met
from shared import journal
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.texts import PersonRef, UnitPath

__all__ = [
    "Addresses",
    "CalendarMade",
    "MakeCalendar",
    "calendar_at",
    "calendar_of_visit",
    "calendars_made",
    "make_calendar",
    "revoke_calendar",
]

_SHOWN = timedelta(days=366)
"""A visit leaves the calendars a year after its end."""


class MakeCalendar(Value):
    """Whose visits it shows: a unit's with all its parts, or those that a person takes part in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"unit": "hust/me"}]})
    unit: UnitPath | None = None
    person_ref: PersonRef | None = None

    @model_validator(mode="after")
    def _of_one(self) -> Self:
        if (self.unit is None) == (self.person_ref is None):
            raise ValueError("give either a `unit` or a `person_ref`")
        return self


class CalendarMade(BaseModel):
    """A calendar that others subscribe to, without its address."""

    id: str
    unit: str | None
    person_ref: str | None
    made_at: datetime
    made_by: str
    revoked_at: datetime | None = Field(description="From then on its address leads nowhere.")


@dataclass(frozen=True, slots=True)
class Addresses:
    """The secrets in the addresses of calendars, and where people reach Rapport."""

    key: bytes
    public_url: str

    def secret(self, calendar: str) -> str:
        """Worked out from the id, so that who repeats a request gets the same, and it is kept
        nowhere; an address that was given out is known by its digest, even under another key."""
        signed = hmac.digest(self.key, f"rapport calendar {calendar}".encode(), "sha256")
        return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()

    def address(self, calendar: str) -> str:
        return f"{self.public_url.rstrip('/')}/visits/calendars/{self.secret(calendar)}.ics"

    def link(self, visit: str) -> str:
        return f"{self.public_url.rstrip('/')}/reporting/records/{visit}"


async def make_calendar(
    tx: Transaction, command: MakeCalendar, *, allow: Allow, addresses: Addresses
) -> CalendarMade:
    """A new calendar."""
    if command.unit is not None:
        tx.reference.unit(command.unit)
        allow(command.unit)
    if command.person_ref is not None:
        await must_have_met(tx, command.person_ref, allow)
    made = new_id("calendar")
    row = {
        "id": made,
        "digest": _digest(addresses.secret(made)),
        "unit": command.unit,
        "person": command.person_ref,
        "made_at": tx.now,
        "made_by": tx.actor,
    }
    await tx.connection.execute(insert(calendars).values(row))
    return await _made(tx, made)


async def calendars_made(
    tx: Transaction, *, after: str | None = None, limit: int = 50
) -> list[CalendarMade]:
    """All that were ever made, in that order."""
    query = select(calendars).order_by(calendars.c.id).limit(limit)
    if after is not None:
        query = query.where(calendars.c.id > after)
    return [_view(row) for row in await tx.connection.execute(query)]


async def revoke_calendar(tx: Transaction, calendar: str, *, allow: Allow) -> CalendarMade:
    """Let its address lead nowhere from now on. Again changes nothing."""
    made = await _made(tx, calendar)
    if made.unit is not None:
        allow(made.unit)
    if made.person_ref is not None:
        await must_have_met(tx, made.person_ref, allow)
    again = func.coalesce(calendars.c.revoked_at, tx.now)
    await tx.connection.execute(
        update(calendars).where(calendars.c.id == calendar).values(revoked_at=again)
    )
    return await _made(tx, calendar)


async def calendar_at(tx: Transaction, secret: str, *, addresses: Addresses) -> bytes:
    """What the address with this secret shows now. Raises Rejected("calendar-unknown", 404)."""
    query = select(calendars.c.unit, calendars.c.person).where(
        calendars.c.digest == _digest(secret), calendars.c.revoked_at.is_(None)
    )
    row = (await tx.connection.execute(query)).one_or_none()
    erased = row is not None and row.person and await persons.is_erased(tx, row.person)
    if row is None or erased:
        raise Rejected(
            "calendar-unknown", "there is no calendar at this address, or not any more", status=404
        )
    units = None if row.unit is None else tx.reference.below(row.unit)
    since = tx.now.date() - _SHOWN
    shown = await visits.all(tx, *visits_in_calendar(units=units, person=row.person, since=since))
    of = "visits" if row.unit is None else tx.reference.unit(row.unit).name
    entries = await _entries(tx, shown, addresses)
    return calendar_of(entries, title=f"Rapport: {of}")


async def calendar_of_visit(tx: Transaction, visit: VisitId, *, addresses: Addresses) -> bytes:
    """One visit, to be put into a calendar by hand."""
    found = await visits.load(tx, visit, for_update=False)
    return calendar_of(await _entries(tx, [found], addresses))


async def _entries(tx: Transaction, shown: Sequence[Visit], addresses: Addresses) -> list[Entry]:
    times = await journal.times(tx.connection, [visit.id for visit in shown])
    return [
        Entry(
            visit=visit,
            zone=own.zone if (own := tx.reference.find(visit.unit)) else "UTC",
            hosts=tuple(
                host.name_on(visit.starts_on.first)
                for host in map(tx.reference.find, visit.hosts)
                if host is not None
            ),
            link=addresses.link(visit.id),
            made_at=times[visit.id][0],
            changed_at=times[visit.id][1],
        )
        for visit in shown
    ]


async def _made(tx: Transaction, calendar: str) -> CalendarMade:
    query = select(calendars).where(calendars.c.id == calendar)
    row = (await tx.connection.execute(query)).one_or_none()
    if row is None:
        raise Rejected("calendar-unknown", f"there is no calendar {calendar!r}", status=404)
    return _view(row)


def _view(row: Row[Any]) -> CalendarMade:
    return CalendarMade(
        id=row.id,
        unit=row.unit,
        person_ref=row.person,
        made_at=row.made_at,
        made_by=row.made_by,
        revoked_at=row.revoked_at,
    )


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
