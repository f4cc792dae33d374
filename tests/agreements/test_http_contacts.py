"""Contacts at partners: kept sealed, shown to the partner's unit, and gone when erased."""

from typing import Any

from sqlalchemy import text

from shared.service import Service
from tests.agreements.conftest import MakeOffice
from tests.agreements.office import Office

LAN: dict[str, Any] = {
    "name": "Lan Nguyen",
    "role": "exchange coordinator",
    "at": "International Office",
    "language": "vi",
    "mail": "lan@example.org",
    "phone": "+84 24 3868 0001",
}


async def contacts(office: Office, partner: str) -> list[dict[str, Any]]:
    return list((await office.get(f"/partners/{partner}/contacts"))["items"])


async def test_a_contact_is_kept_changed_and_erased(office: Office) -> None:
    partner = await office.partner()
    path = f"/partners/{partner}/contacts"
    kept = await office.post(path, 201, **LAN)
    assert kept.keys() == {"id", "partner"}
    none = {"id": kept["id"], "partner": partner}
    assert await contacts(office, partner) == [LAN | none]
    await office.put(f"{path}/{kept['id']}", name="Lan Tran")
    (changed,) = await contacts(office, partner)
    assert (changed["name"], changed["mail"]) == ("Lan Tran", None)
    assert (await office.post(f"{path}/{kept['id']}/erasure"))["erased"] == 1
    assert await contacts(office, partner) == []
    refusal = await office.put(f"{path}/{kept['id']}", 404, **LAN)
    assert refusal["code"] == "contact-unknown"


async def test_a_person_is_erased_wherever_they_are_a_contact(office: Office) -> None:
    first, second = await office.partner(), await office.partner(name="Kyoto")
    for partner in (first, second):
        await office.post(f"/partners/{partner}/contacts", 201, **LAN)
    await office.post(f"/partners/{second}/contacts", 201, name="Minh", mail="minh@example.org")
    erased = await office.post("/partners/contacts/erasure", mail="LAN@example.org")
    assert erased == {"erased": 2}
    assert [each["name"] for each in await contacts(office, second)] == ["Minh"]


async def test_what_is_personal_stands_nowhere_readable(office: Office, service: Service) -> None:
    partner = await office.partner()
    kept = await office.post(f"/partners/{partner}/contacts", 201, key="k-1", **LAN)
    assert await office.post(f"/partners/{partner}/contacts", 201, key="k-1", **LAN) == kept
    tables = "select tablename from pg_tables where schemaname = 'public'"
    async with service.database.connect() as connection:
        for table in (await connection.scalars(text(tables))).all():
            rows = await connection.scalars(text(f"select t::text from {table} t"))  # noqa: S608
            assert not [row for row in rows if "Lan Nguyen" in row or "lan@example" in row], table
    assert await office.history(partner) == ["partner-registered"]


async def test_contacts_of_a_merged_partner_are_those_of_the_one_that_is_left(
    office: Office,
) -> None:
    gone, left = await office.partner(), await office.partner(name="Kyoto")
    await office.post(f"/partners/{gone}/contacts", 201, **LAN)
    merger = {"kind": "duplicate", "on": "2025-11-01", "reason": "one"}
    await office.post(f"/partners/{gone}/merger", into=left, **merger)
    assert [each["partner"] for each in await contacts(office, left)] == [gone]


async def test_readers_and_other_units_do_not_see_contacts(
    office: Office, office_of: MakeOffice
) -> None:
    partner = await office.partner(unit="nist")
    await office.post(f"/partners/{partner}/contacts", 201, **LAN)
    for others in (office_of(roles=["reader"]), office_of(units=["hust"])):
        await others.get(f"/partners/{partner}/contacts", 403)
    refusal = await office_of(units=["hust"]).post(
        "/partners/contacts/erasure", 403, mail="lan@example.org"
    )
    assert refusal["code"] == "unit-not-allowed"
