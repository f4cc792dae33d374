"""The papers of an agreement: added, replaced, removed; file and fact in one transaction."""

from pydantic import ConfigDict

from services.agreements import store
from services.agreements.domain import agreement_documents as rules
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import AgreementId, Document, DocumentId, DocumentKind
from services.agreements.usecases.ground import Allow, own_agreement
from shared.attachments import Attachment, ReceivedFile
from shared.database import Transaction
from shared.facts import Value
from shared.identity import new_id
from shared.texts import Text


class RemoveDocument(Value):
    """Take a file out of the papers, and destroy it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "it belongs to another agreement"}]}
    )
    reason: Text


async def add_document(
    tx: Transaction,
    allow: Allow,
    subject: AgreementId,
    file: ReceivedFile,
    *,
    title: str,
    kind: DocumentKind,
    takes_place_of: DocumentId | None,
) -> Agreement:
    """A file comes to the papers."""
    agreement = await own_agreement(tx, allow, subject)
    added = Document(
        id=DocumentId(new_id("document")),
        title=title,
        kind=kind,
        sha256=file.sha256,
        size=file.size,
    )
    after, facts = rules.add_document(agreement, added=added, takes_place_of=takes_place_of)
    await store.files.keep(tx, added.id, file)
    return await store.agreements.save(tx, after, *facts)


async def remove_document(
    tx: Transaction,
    allow: Allow,
    subject: AgreementId,
    removed: DocumentId,
    command: RemoveDocument,
) -> Agreement:
    """It was no paper of this agreement."""
    agreement = await own_agreement(tx, allow, subject)
    after, facts = rules.remove_document(agreement, removed=removed, reason=command.reason)
    await store.files.destroy(tx, removed)
    return await store.agreements.save(tx, after, *facts)


async def document_file(
    tx: Transaction, subject: AgreementId, wanted: DocumentId
) -> tuple[Document, Attachment]:
    """What is known of a paper, and of its file."""
    agreement = await store.agreements.load(tx, subject, for_update=False)
    known = rules.document(agreement, wanted)
    return known, await store.files.find(tx, known.id)
