"""`/partners/{partner}/contacts`: for coordinators of the partner's unit only."""

from fastapi import APIRouter, Response

from services.agreements.events.values import PartnerId
from services.agreements.usecases import contacts as usecases
from services.agreements.usecases.contacts import Contact, ContactKept, ContactsErased
from shared.http import Page, Writes

router = APIRouter(prefix="/partners", tags=["contacts"])


@router.post("/contacts/erasure", response_model=ContactsErased)
async def erase_contacts(command: usecases.EraseContacts, call: Writes) -> Response:
    """Erase a person who is a contact of any partner, by mail address."""
    return await call.once(lambda tx: usecases.erase_contacts(tx, call.allow, command))


@router.get("/{partner}/contacts")
async def list_contacts(partner: PartnerId, call: Writes) -> Page[Contact]:
    """Whom we know there, and at those that were merged into it."""
    return Page(items=await call.read(lambda tx: usecases.contacts_of(tx, call.allow, partner)))


@router.post("/{partner}/contacts", status_code=201, response_model=ContactKept)
async def add_contact(partner: PartnerId, told: usecases.KeepContact, call: Writes) -> Response:
    """Keep somebody whom we can ask there."""
    return await call.once(
        lambda tx: usecases.keep_contact(tx, call.allow, partner, told), status=201
    )


@router.put("/{partner}/contacts/{contact}", response_model=ContactKept)
async def change_contact(
    partner: PartnerId, contact: str, told: usecases.KeepContact, call: Writes
) -> Response:
    """What is known of a contact from now on; what is left out is forgotten."""
    return await call.once(
        lambda tx: usecases.keep_contact(tx, call.allow, partner, told, contact=contact)
    )


@router.post("/{partner}/contacts/{contact}/erasure", response_model=ContactsErased)
async def erase_contact(partner: PartnerId, contact: str, call: Writes) -> Response:
    """Delete a contact, for ever."""
    return await call.once(lambda tx: usecases.erase_contact(tx, call.allow, partner, contact))
