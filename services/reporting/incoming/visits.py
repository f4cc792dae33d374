"""What reporting reads of `visits.events`."""

from pydantic import BaseModel

from services.reporting.incoming.reading import Read, Record
from shared.dates import PartialDate

__all__ = ["VISITS", "Leg", "Member", "Visit", "VisitPartner"]


class VisitPartner(Read):
    """An outside body that takes part, as it was called on the day."""

    partner: str | None = None
    name: str = ""
    country: str | None = None
    kind: str | None = None
    role: str = ""


class Member(Read):
    """A person, or a group of unnamed ones."""

    person_ref: str | None = None
    role: str = ""
    partner: str | None = None
    organization: str = ""
    country: str | None = None
    ours: bool = False
    count: int = 1
    speaker: bool = False
    talk: str | None = None


class Leg(Read):
    """One stop of a trip."""

    city: str
    country: str
    partners: tuple[str, ...] = ()
    starts_on: PartialDate | None = None


class FollowUp(Read):
    """What was agreed to be done next."""

    id: str = ""
    text: str = ""
    due_on: PartialDate | None = None
    status: str = "open"
    became: str | None = None
    towards: str | None = None


class Visit(Record):
    """A delegation that came or went, a hosted event, a meeting."""

    direction: str = ""
    title: str = ""
    purpose: str | None = None
    theme: str = ""
    topic: str | None = None
    starts_on: PartialDate | None = None
    ends_on: PartialDate | None = None
    place: str | None = None
    status: str = ""
    partners: tuple[VisitPartner, ...] = ()
    members: tuple[Member, ...] = ()
    legs: tuple[Leg, ...] = ()
    hosts: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()


class VisitCorrected(Read):
    """New values by field."""

    changes: Visit


VISITS: dict[str, type[BaseModel]] = {
    "rapport.visits.visit-requested.v1": Visit,
    "rapport.visits.visit-recorded.v1": Visit,
    "rapport.visits.visit-screened.v1": Visit,
    "rapport.visits.visit-planned.v1": Visit,
    "rapport.visits.visit-approved.v1": Visit,
    "rapport.visits.visit-confirmed.v1": Visit,
    "rapport.visits.visit-started.v1": Visit,
    "rapport.visits.visit-completed.v1": Visit,
    "rapport.visits.visit-reported.v1": Visit,
    "rapport.visits.visit-closed.v1": Visit,
    "rapport.visits.visit-postponed.v1": Visit,
    "rapport.visits.visit-cancelled.v1": Visit,
    "rapport.visits.visit-follow-up-added.v1": Visit,
    "rapport.visits.visit-follow-up-linked.v1": Visit,
    "rapport.visits.visit-follow-up-closed.v1": Visit,
    "rapport.visits.visit-members-changed.v1": Visit,
    "rapport.visits.visit-document-added.v1": Visit,
    "rapport.visits.visit-document-removed.v1": Visit,
    "rapport.visits.visit-corrected.v1": VisitCorrected,
}
