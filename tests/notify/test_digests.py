"""Digests on real PostgreSQL: one mail a period, with every item once and the reason for it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import text

from services.notify import store
from shared.migrating import differences
from tests.support.desk import Desk, MakeDesk


def read(raw: bytes) -> tuple[EmailMessage, str]:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    assert body is not None
    return message, " ".join(body.get_content().split())


async def state(desk: Desk, **columns: Any) -> None:
    """Set columns of the only digest, as a crash would have left them."""
    async with desk.service.database.connect() as connection:
        await connection.execute(store.digests.update().values(**columns))


async def test_migrations_and_tables_agree(desk: Desk) -> None:
    url = desk.service.settings.database_url.get_secret_value()
    assert await differences(url, store.metadata) == []


async def test_the_digest_names_what_was_signed_and_completed_and_says_why(desk: Desk) -> None:
    await desk.subscribe()
    await desk.fact("partner-1", "rapport.agreements.partner-recorded.v1", name="Shibaura")
    await desk.signed()
    await desk.fact(
        "visit-1",
        "rapport.visits.visit-recorded.v1",
        unit="hust",
        title="Seminar on internationalization",
        status="completed",
        starts_on="2025-11-14",
        ends_on="2025-11-14",
    )
    await desk.send()
    message, text = read(desk.mails()[0])
    assert message["to"] == "Dean <dean@me.example>"
    assert "Signed on 12 November 2025: Exchange with Shibaura (Shibaura)" in text
    assert "Completed on 14 November 2025: Seminar on internationalization" in text
    assert "Why: you follow agreements of hust." in text
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert [(each["period"], each["state"]) for each in await desk.digests()] == [
        ("2025-W46", "accepted")
    ]


async def test_the_past_of_an_office_sends_no_mail(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed(signed_on="2019-05-14")
    await desk.send()
    assert desk.mails() == []
    assert [each["state"] for each in await desk.digests()] == ["suppressed"]


async def test_an_item_that_comes_late_is_in_the_next_digest_and_only_there(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    await desk.signed("agreement-2", title="Came late")
    desk.service.clock.advance(timedelta(days=7))
    await desk.send()
    first, second = sorted((read(raw)[1] for raw in desk.mails()), key=lambda text: "W47" in text)
    assert "Came late" not in first
    assert "Came late" in second
    assert "Exchange with Shibaura" not in second


async def test_periods_that_were_missed_coalesce_into_one_mail(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    desk.service.clock.advance(timedelta(days=30))
    await desk.send()
    await desk.send()
    assert [each["period"] for each in await desk.digests()] == ["2025-W50"]
    assert "Exchange with Shibaura" in read(desk.mails()[0])[1]


async def test_another_unit_is_none_of_a_readers_business(desk: Desk) -> None:
    await desk.subscribe(units=["nist"])
    await desk.signed()
    await desk.send()
    assert desk.mails() == []


async def test_five_schedulers_send_one_mail(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    await asyncio.gather(*(desk.send() for _ in range(5)))
    assert len(desk.mails()) == 1
    assert [each["attempt"] for each in await desk.digests()] == [1]


async def test_a_worker_that_died_after_rendering_leaves_the_same_bytes(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    before = desk.mails()[0]
    await state(desk, state="rendered", lease_until=desk.service.clock.now() - timedelta(1))
    (next(desk.mailbox.glob("*.eml"))).unlink()
    async with desk.service.database.connect() as connection:  # what it was written from changes
        await connection.exec_driver_sql("update addresses set unsubscribe_token = 'another'")
    await desk.send()
    assert desk.mails() == [before]


async def test_a_worker_that_died_while_sending_leaves_a_mail_that_is_asked_for(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    await state(desk, state="submitting", lease_until=desk.service.clock.now() - timedelta(1))
    await desk.send()
    assert [each["state"] for each in await desk.digests()] == ["accepted"]
    assert len(desk.mails()) == 1


async def test_an_unknown_mail_that_never_arrived_is_sent_again(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    await state(desk, state="unknown")
    (next(desk.mailbox.glob("*.eml"))).unlink()
    await desk.send()
    await desk.send()
    assert [each["state"] for each in await desk.digests()] == ["accepted"]
    assert len(desk.mails()) == 1


async def test_one_click_stops_the_mail_and_looking_does_not(desk: Desk) -> None:
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    link = read(desk.mails()[0])[0]["List-Unsubscribe"].strip("<>")
    path = link[link.index("/notify/") :]
    assert "Stop this mail?" in (await desk.client.get(path)).text
    assert (await desk.client.get("/notify/subscribers")).json()["items"][0]["status"] == "active"
    assert "No more mail" in (await desk.client.post(path)).text
    assert (await desk.client.post(path)).status_code == 200
    found = (await desk.client.get("/notify/subscribers")).json()["items"][0]
    assert found["status"] == "unsubscribed"
    assert (await desk.client.post("/notify/unsubscribe/guessed")).status_code == 404


async def test_an_address_is_in_one_table_and_in_no_fact(desk: Desk) -> None:
    await desk.subscribe()
    async with desk.service.database.connect() as connection:
        journal = await connection.execute(text("select string_agg(data::text, '') from journal"))
        subscribers = await connection.execute(text("select document::text from subscribers"))
        for each in (journal.scalar_one(), subscribers.scalar_one()):
            assert b"dean@me".hex() not in str(each)
            assert "dean@me" not in str(each)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "=?utf-8?q?x=0ABcc:_x?="}, "header-unsafe"),
        ({"name": "a\r\nBcc: b@c.example"}, "header-unsafe"),
        ({"units": ["nowhere"]}, "unit-unknown"),
        ({"zone": "Mars/Olympus"}, "invalid-request"),
        ({"email": "nobody"}, "invalid-request"),
        ({"email": "<dean>@me.example"}, "email-invalid"),
        ({"email": "dékan@me.example"}, "email-invalid"),
        ({"color": "red"}, "invalid-request"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused(
    desk: Desk, body: dict[str, Any], code: str
) -> None:
    refused = await desk.subscribe(expect=422, **body)
    assert refused["code"] == code
    assert (await desk.client.get("/notify/subscribers")).json()["items"] == []


async def test_subscribing_again_in_the_same_way_is_no_fact(desk: Desk) -> None:
    first = await desk.subscribe()
    assert (await desk.subscribe(expect=200))["version"] == first["version"] == 1
    assert (await desk.subscribe(expect=200, period="daily"))["version"] == 2


async def test_a_reminder_is_sent_once_for_its_threshold(desk: Desk) -> None:
    await desk.subscribe(period="daily")
    await desk.signed(signed_on="2020-12-18", valid_until="2025-12-17")
    for _ in range(2):
        await desk.service.jobs[0].run(desk.service.database)
    await desk.send()
    desk.service.clock.advance(timedelta(days=1))
    await desk.send()
    texts = [read(raw)[1] for raw in desk.mails()]
    assert sum("Ends on 17 December 2025, within 1 month:" in text for text in texts) == 1


async def test_a_tacit_renewal_says_by_when_notice_must_be_given(desk: Desk) -> None:
    await desk.subscribe(period="daily")
    renewal = {"rule": "tacit", "months": 60, "notice_months": 6}
    await desk.signed(signed_on="2020-12-18", valid_until="2026-07-31", renewal=renewal)
    await desk.service.jobs[0].run(desk.service.database)
    await desk.send()
    desk.service.clock.advance(timedelta(days=1))
    await desk.send()
    wanted = "Renews itself unless notice is given by 31 January 2026, within 3 months"
    assert wanted in read(desk.mails()[0])[1]


class Sink:
    """An SMTP server that answers as it is told to."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.got: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.got.append(envelope.content)
        return self.answer


@contextmanager
def smtp(answer: str) -> Iterator[tuple[Sink, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sink = Sink(answer)
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield sink, f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


async def test_a_digest_reaches_an_smtp_server_unbroken(make_desk: MakeDesk) -> None:
    with smtp("250 OK") as (sink, url):
        desk = await make_desk(smtp_url=url)
        await desk.subscribe()
        await desk.signed()
        await desk.send()
        message, text = read(sink.got[0])
        assert "Exchange with Shibaura" in text
        assert message["List-Unsubscribe"].count("<") == 1
        assert [each["state"] for each in await desk.digests()] == ["accepted"]


@pytest.mark.parametrize(
    ("answer", "state"), [("451 later", "failed-temporarily"), ("550 no", "failed-for-good")]
)
async def test_a_refusal_of_the_server_is_kept_and_tried_again_only_if_temporary(
    make_desk: MakeDesk, answer: str, state: str
) -> None:
    with smtp(answer) as (sink, url):
        desk = await make_desk(smtp_url=url)
        await desk.subscribe()
        await desk.signed()
        await desk.send()
        await desk.send()
        assert [each["state"] for each in await desk.digests()] == [state]
        assert len(sink.got) == 1
        desk.service.clock.advance(timedelta(seconds=301))
        await desk.send()
        assert len(sink.got) == (2 if state == "failed-temporarily" else 1)
        assert len(set(sink.got)) == 1


async def test_a_server_that_is_away_loses_nothing(make_desk: MakeDesk) -> None:
    desk = await make_desk(smtp_url="smtp://127.0.0.1:9")
    await desk.subscribe()
    await desk.signed()
    await desk.send()
    assert [each["state"] for each in await desk.digests()] == ["failed-temporarily"]
