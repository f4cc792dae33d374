"""An office at its desk: the service on a real database, clients with a token, facts of others."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.visits import subscribers
from services.visits.settings import VisitsSettings
from services.visits.wiring import build
from shared.consumer import Received
from shared.identity import new_id
from shared.service import Service
from tests.support.office import Office as Client
from tests.support.office import at_hand, clients_of, settings_in


@pytest.fixture
async def service(
    make_database: Callable[..., Awaitable[str]], tmp_path: Path
) -> AsyncIterator[Service]:
    """The service as production wires it, on a fresh database; nothing of it runs but HTTP."""
    settings = settings_in(tmp_path, database_url=await make_database("visits"))
    async with at_hand(build(VisitsSettings.model_validate(settings))) as service:
        yield service


class Office(Client):
    """A coordinator at the HTTP interface of the service."""

    path = "/visits"

    async def history(self, subject: str) -> list[str]:
        """The facts of a subject, in short: ["visit-requested", ...]."""
        entries = (await self.get(f"/{subject}/history"))["items"]
        return [entry["type"].split(".")[2] for entry in entries]

    async def visit(self, **fields: Any) -> str:
        """The id of a newly requested inbound visit of hust/me."""
        told = {
            "unit": "hust/me",
            "direction": "inbound",
            "title": "Visit of Da Nang City",
            "theme": "government",
            "starts_on": "2025-12-15",
            "ends_on": "2025-12-16",
            "members": [{"role": "Vice Mayor", "organization": "Da Nang City", "country": "VN"}],
        }
        return str((await self.post("", 201, **told | fields))["id"])


MakeOffice = Callable[..., Office]


@pytest.fixture
async def office_of(service: Service) -> AsyncIterator[MakeOffice]:
    """Factory: `office_of(units=["hust"], roles=["coordinator"])` -> an Office."""
    async with clients_of(service) as clients:
        yield lambda **who: Office(clients(**who))


@pytest.fixture
def office(office_of: MakeOffice) -> Office:
    """A coordinator of all units."""
    return office_of()


class Others:
    """The agreements service, as far as this one hears of it: facts arrive in batches."""

    def __init__(self, service: Service) -> None:
        self._service = service
        (self._subscription,) = subscribers.subscriptions(
            clock=service.clock, reference=service.reference
        )

    async def say(self, *facts: tuple[str, str, dict[str, Any]]) -> None:
        """One batch of (subject, "partner-registered", data)."""
        received = [
            self._received(subject, f"rapport.agreements.{name}.v1", data)
            for subject, name, data in facts
        ]
        async with self._service.database.connect() as connection:
            await self._subscription.apply(connection, received)

    async def partner(self, **fields: Any) -> str:
        """The id of a partner that is known from now on."""
        subject = new_id("partner")
        known = {"ref": None, "name": "Sabanci University", "kind": "university", "country": "TR"}
        await self.say((subject, "partner-registered", known | fields))
        return subject

    async def agreement(self, **fields: Any) -> str:
        """The id of an agreement that is known from now on."""
        subject = new_id("agreement")
        known = {"ref": None, "title": "Dual degrees", "follow_up": None}
        await self.say((subject, "agreement-proposed", known | fields))
        return subject

    def _received(self, subject: str, type_: str, data: dict[str, Any]) -> Received:
        return Received(
            subject=subject,
            version=1,
            type=type_,
            time=self._service.clock.now(),
            actor="minh",
            data=self._subscription.reads[type_].model_validate(data),
            raw=b"",
            topic="agreements.events",
            correlation_id="call-of-minh",
        )


@pytest.fixture
def others(service: Service) -> Others:
    """What other services say."""
    return Others(service)
