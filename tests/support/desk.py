"""The notify service on a real database, with a folder for its mail and a clock to move."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from services.notify.incoming import Read
from services.notify.projections import collect
from services.notify.settings import MailSettings, Settings
from services.notify.usecases import Mailer
from services.notify.wiring import build
from shared.consumer import Received
from shared.security import Role
from shared.service import Service
from tests.support.office import at_hand, clients_of, settings_in

READER = {
    "email": "dean@me.example",
    "name": "Dean",
    "units": ["hust"],
    "period": "weekly",
    "zone": "Asia/Ho_Chi_Minh",
}


class Desk:
    """The service, what it reads put in by hand, and its mail taken out."""

    def __init__(self, service: Service, client: httpx.AsyncClient, mailbox: Path) -> None:
        self.service = service
        self.client = client
        self.mailbox = mailbox

    async def fact(self, subject: str, type_: str, version: int = 1, **data: Any) -> None:
        """As the consumer hands it to the projection."""
        read = Received(
            subject=subject,
            version=version,
            type=type_,
            time=self.service.clock.now(),
            actor="lan",
            data=Read.model_validate(data),
            raw=b"",
            topic="agreements.events",
            correlation_id="call-1",
        )
        async with self.service.database.connect() as connection:
            await collect(connection, [read])

    async def signed(self, subject: str = "agreement-1", **data: Any) -> None:
        """An agreement of hust/me, signed last week."""
        told: dict[str, Any] = {
            "unit": "hust/me",
            "title": "Exchange with Shibaura",
            "status": "in-force",
            "signed_on": "2025-11-12",
            "parties": [{"party": "partner-1", "side": "theirs"}],
        }
        await self.fact(subject, "rapport.agreements.agreement-recorded.v1", **told | data)

    async def subscribe(self, ref: str = "dean", expect: int = 201, **body: Any) -> dict[str, Any]:
        answer = await self.client.put(f"/notify/subscribers/{ref}", json=READER | body)
        assert answer.status_code == expect, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def send(self) -> None:
        mailer: Mailer = self.service.context.parts["mailer"]
        await mailer.run(self.service.database)

    async def digests(self) -> list[dict[str, Any]]:
        answer = await self.client.get("/notify/digests")
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def mails(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted(self.mailbox.glob("*.eml"))]


MakeDesk = Callable[..., Awaitable[Desk]]


@asynccontextmanager
async def desks(
    make_database: Callable[..., Awaitable[str]], folder: Path
) -> AsyncIterator[MakeDesk]:
    """Factory: a Desk; `smtp_url=` and other settings of mail, otherwise mail goes to a folder."""
    async with AsyncExitStack() as opened:

        async def make(**mail: Any) -> Desk:
            mailbox = folder / "mail"
            settings = settings_in(
                folder,
                database_url=await make_database("notify"),
                mail=MailSettings.model_validate(mail or {"mailbox": mailbox}),
            )
            service = build(Settings.model_validate(settings))
            await opened.enter_async_context(at_hand(service))
            clients = await opened.enter_async_context(clients_of(service))
            client = clients(roles=[Role.COORDINATOR, Role.OPERATOR])
            return Desk(service, client, mailbox)

        yield make
