"""The papers of a visit: added, replaced, removed; file and fact in one transaction."""

from pydantic import ConfigDict

from services.visits import domain
from services.visits.events import Document, DocumentId, DocumentKind, VisitId
from services.visits.gateways.letters import Letterhead, invitation
from services.visits.store import files, names_of, visits
from services.visits.usecases.lifecycle import Allow, take
from shared.attachments import Attachment, ReceivedFile
from shared.database import Transaction
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.texts import Text

__all__ = [
    "RemoveDocument",
    "add_document",
    "document_file",
    "draft_invitation",
    "remove_document",
]


class RemoveDocument(Value):
    """Take a file out of the papers, and destroy it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "It belongs to another visit"}]}
    )
    reason: Text


async def add_document(
    tx: Transaction,
    visit: VisitId,
    file: ReceivedFile,
    *,
    title: str,
    kind: DocumentKind,
    takes_place_of: DocumentId | None,
    allow: Allow,
) -> domain.Visit:
    """A file comes to the papers."""
    added = Document(
        id=DocumentId(new_id("document")),
        title=title,
        kind=kind,
        sha256=file.sha256,
        size=file.size,
    )
    after = await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.add_document(
            present, added=added, takes_place_of=takes_place_of, today=today
        ),
    )
    await files.keep(tx, added.id, file)
    return after


async def remove_document(
    tx: Transaction, visit: VisitId, removed: DocumentId, command: RemoveDocument, *, allow: Allow
) -> domain.Visit:
    """It was no paper of this visit."""
    after = await take(
        tx,
        visit,
        allow,
        lambda present, today: domain.remove_document(
            present, removed=removed, reason=command.reason, today=today
        ),
    )
    await files.destroy(tx, removed)
    return after


async def document_file(
    tx: Transaction, visit: VisitId, wanted: DocumentId, *, allow: Allow
) -> tuple[Document, Attachment]:
    """What is known of a paper, and of its file; letters name people, so only for its own unit."""
    present = await visits.load(tx, visit, for_update=False)
    allow(present.unit)
    known = domain.document_of(present, wanted)
    return known, await files.find(tx, known.id)


async def draft_invitation(tx: Transaction, visit: VisitId, *, allow: Allow) -> bytes:
    """A letter to be edited and signed. It names people, so it is for the visit's own unit.

    Raises Rejected("visit-invites-nobody") where we go to them, or nobody comes.
    """
    present = await visits.load(tx, visit, for_update=False)
    allow(present.unit)
    if present.direction not in ("inbound", "hosted-event"):
        raise Rejected(
            "visit-invites-nobody", f"nobody is invited to {present.direction}", field="direction"
        )
    refs = [each.person_ref for each in present.members if each.person_ref is not None]
    day = present.starts_on.first
    units = [unit for unit in map(tx.reference.find, present.hosts) if unit is not None]
    own = tx.reference.unit(present.unit)
    head = Letterhead(
        unit=own.name_on(day),
        hosts=tuple(unit.name_on(day) for unit in units),
        on=tx.clock.today(own.zone),
        names=await names_of(tx, refs),
    )
    return invitation(present, head)
