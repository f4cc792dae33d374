"""Facts of others on a real database: kept as versions, asked as known then."""

import random
from typing import Any

import pytest

from services.reporting.store import metadata
from shared.identity import new_id
from shared.migrating import differences
from shared.service import Service
from tests.reporting.conftest import Office, Others, begun

VISIT: dict[str, Any] = {
    "direction": "inbound",
    "title": "Visit of Nagaoka",
    "theme": "academic",
    "starts_on": "2019-05-14",
    "ends_on": "2019-05-15",
    "status": "completed",
    "members": [{"role": "professor", "organization": "NUT", "country": "JP", "count": 3}],
}


async def rows(service: Service) -> list[Any]:
    async with service.database.connect() as connection:
        now = await connection.exec_driver_sql(
            "select subject, version, units, first, last, known_from, state::jsonb"
            " from records order by subject"
        )
        told = await connection.exec_driver_sql(
            "select subject, version, known_from, fields::jsonb from history order by 1, 2"
        )
        return [tuple(row) for row in (*now, *told)]


async def test_the_migrations_make_what_the_code_expects(make_database: Any) -> None:
    assert await differences(await make_database("reporting"), metadata) == []


async def test_a_correction_changes_what_is_known_now_and_not_what_was_known_then(
    office: Office, others: Others
) -> None:
    subject = await others.tell("visits.visit-recorded", "2025-11-01T10:00:00+00:00", **VISIT)
    wrong = [{"role": "professor", "organization": "NUT", "country": "JP", "count": 5}]
    await others.say(
        (subject, "visits.visit-corrected", {"changes": {"members": wrong}, "reason": "typo"}),
        time="2025-11-10T10:00:00+00:00",
    )
    asked: dict[str, Any] = {"unit": "hust/me", "year": 2019}
    path = "/measures/visits.foreign-visitors"
    assert (await office.get(path, **asked))["value"] == 5
    for known, value in (
        ("2025-11-09T00:00:00+00:00", 3),
        ("2025-11-10T10:00:00+00:00", 5),
        ("2025-10-31", 0),
        ("2025-11-01", 3),
    ):
        assert (await office.get(path, **asked, known=known))["value"] == value


async def test_any_cut_into_batches_leaves_the_same_rows(service: Service, others: Others) -> None:
    order = random.Random(7)
    subjects = [new_id("visit") for _ in range(6)]
    facts: list[tuple[str, str, dict[str, Any]]] = [
        (subject, "visits.visit-recorded", {"unit": "hust/me"} | VISIT) for subject in subjects
    ]
    for step in range(40):
        changes = {"note": f"note {step}", "title": f"title {step}"}
        facts.append(
            (order.choice(subjects), "visits.visit-corrected", {"changes": changes, "reason": "x"})
        )
    time = "2025-11-01T10:00:00+00:00"
    await others.say(*facts, time=time)
    whole = await rows(service)
    async with service.database.connect() as connection:
        await connection.exec_driver_sql("truncate records, history")
    again = Others(service)
    while facts:
        size = order.randint(1, 7)
        await again.say(*facts[:size], time=time)
        facts = facts[size:]
    assert await rows(service) == whole
    assert len(whole) == 6 + 46


async def test_a_batch_that_was_rolled_back_leaves_no_trace_in_the_memory(
    service: Service, others: Others
) -> None:
    subject = await others.tell("visits.visit-recorded", **VISIT)
    subscription = others._by_topic["visits"]
    change = ("visits.visit-corrected", {"changes": {"title": "Lost"}, "reason": "x"})
    lost = others._received(subject, *change, time=None)

    async def fail_after_writing() -> None:
        async with service.database.connect() as connection:
            await begun(connection)
            await subscription.apply(connection, [lost])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_writing()
    async with service.database.connect() as connection:
        await begun(connection)
        await subscription.apply(connection, [lost])
    now, *told = await rows(service)
    assert (now[1], now[6]["title"]) == (2, "Lost")
    assert [row[1] for row in told] == [1, 2]


async def test_a_stay_outside_the_days_is_not_read_and_a_partner_always_is(
    office: Office, others: Others
) -> None:
    partner = await others.tell(
        "agreements.partner-registered", name="Kiel", country="DE", unit="hust"
    )
    stay: dict[str, Any] = {
        "person_ref": "hust:s1",
        "direction": "out",
        "who": "student",
        "kind": "exchange-study",
    }
    days = {"planned_from": "2019-03-01", "planned_until": "2019-07-31", "status": "completed"}
    await others.tell("mobility.stay-recorded", **stay, **days, host_country="DE", partner=partner)
    path = "/measures/mobility.students-out"
    found = await office.get(path, unit="hust", year=2019, records=True)
    assert (found["value"], found["groups"]["country=DE"]) == (1, 1)
    assert "Kiel" in found["records"][0]["label"]
    assert (await office.get(path, unit="hust", year=2020))["value"] == 0


async def test_the_thread_is_read_from_both_ends(office: Office, others: Others) -> None:
    agreement = new_id("agreement")
    follow_ups = [{"id": "f1", "text": "draft it", "status": "done", "became": agreement}]
    visit = await others.tell("visits.visit-recorded", **VISIT | {"follow_ups": follow_ups})
    await others.say(
        (agreement, "agreements.agreement-proposed", {"unit": "hust/me", "title": "Dual degree"})
    )
    stay = await others.tell(
        "mobility.stay-nominated", person_ref="hust:s1", agreement=agreement, kind="dual-degree"
    )
    for end in (visit, agreement, stay):
        thread = await office.get(f"/threads/{end}")
        assert {node["subject"] for node in thread["records"]} == {visit, agreement, stay}
        assert {(link["earlier"], link["later"]) for link in thread["links"]} == {
            (visit, agreement),
            (agreement, stay),
        }
    refused = await office.get(f"/threads/{new_id('visit')}", 404)
    assert refused["code"] == "record-unknown"
