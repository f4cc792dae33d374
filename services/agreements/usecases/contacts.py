"""Whom we know at a partner: personal data, sealed, in one table and in no fact."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from services.agreements.domain.places import must_be_a_language
from services.agreements.events.values import LanguageTag, PartnerId
from services.agreements.store.of_partners import contacts, partners
from services.agreements.usecases.ground import Allow
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.texts import Cleaned, Line

Mail = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s<>]{1,64}@[^@\s<>]+\.[^@\s<>.]+$", max_length=254),
    Cleaned,
]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()/.-]{4,30}$"), Cleaned]


class KeepContact(Value):
    """Somebody there whom we can ask."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Lan Nguyen",
                    "role": "exchange coordinator",
                    "at": "International Office",
                    "language": "en",
                    "mail": "lan@example.org",
                }
            ]
        }
    )
    name: Line
    role: Line | None = None
    at: Line | None = Field(default=None, description="The part of the partner where they work")
    language: LanguageTag | None = None
    mail: Mail | None = None
    phone: Phone | None = None


class Contact(KeepContact):
    """Somebody there, as they are known now."""

    id: str
    partner: str


class ContactKept(BaseModel):
    """That it was done; what was told is not repeated, so that it stands in one place only."""

    id: str
    partner: str


class EraseContacts(Value):
    """Forget a person wherever they are a contact."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"mail": "lan@example.org"}]})
    mail: Mail


class ContactsErased(BaseModel):
    """How many contacts were deleted, and for ever."""

    erased: int


async def keep_contact(
    tx: Transaction,
    allow: Allow,
    subject: PartnerId,
    told: KeepContact,
    *,
    contact: str | None = None,
) -> ContactKept:
    """A new contact of a partner, or what is known of one from now on."""
    partner = await partners.load(tx, subject, for_update=False)
    allow(partner.unit)
    if told.language is not None:
        must_be_a_language(told.language, field="language")
    if contact is not None:
        await _must_be_of(tx, subject, contact)
    kept = contact or new_id("contact")
    said = told.model_dump(mode="json", exclude_none=True)
    await contacts.keep(tx, kept, said, partner=subject, unit=partner.unit)
    return ContactKept(id=kept, partner=subject)


async def contacts_of(tx: Transaction, allow: Allow, subject: PartnerId) -> list[Contact]:
    """The contacts of a partner and of those that were merged into it."""
    partner = await partners.load(tx, subject, for_update=False)
    allow(partner.unit)
    became = await partners.who_became(tx, subject)
    table = contacts.table
    rows = await tx.connection.execute(
        select(table.c.ref, table.c.partner).where(table.c.partner.in_(became))
    )
    whose = {row.ref: row.partner for row in rows}
    said = await contacts.said_of(tx, whose)
    return [
        Contact.model_validate(said[ref] | {"id": ref, "partner": whose[ref]})
        for ref in sorted(said)
    ]


async def erase_contact(
    tx: Transaction, allow: Allow, subject: PartnerId, contact: str
) -> ContactsErased:
    """Delete a contact, for ever."""
    allow((await partners.load(tx, subject, for_update=False)).unit)
    await _must_be_of(tx, subject, contact)
    return ContactsErased(erased=await contacts.erase(tx.connection, [contact], at=tx.now))


async def erase_contacts(tx: Transaction, allow: Allow, command: EraseContacts) -> ContactsErased:
    """Delete every contact with this address, of whichever partner. What is sealed cannot be
    searched: each is opened."""
    table = contacts.table
    units = {
        row.ref: row.unit for row in await tx.connection.execute(select(table.c.ref, table.c.unit))
    }
    said = await contacts.said_of(tx, units)
    wanted = command.mail.casefold()
    theirs = [ref for ref in said if said[ref].get("mail", "").casefold() == wanted]
    for ref in theirs:
        allow(units[ref])
    return ContactsErased(erased=await contacts.erase(tx.connection, theirs, at=tx.now))


async def _must_be_of(tx: Transaction, subject: PartnerId, contact: str) -> None:
    table = contacts.table
    query = select(table.c.partner).where(table.c.ref == contact)
    if await tx.connection.scalar(query) != subject:
        raise Rejected("contact-unknown", f"{subject} has no contact {contact!r}", status=404)
