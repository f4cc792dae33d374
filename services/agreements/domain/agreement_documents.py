"""The papers of an agreement: what is known of each file; the files themselves are kept elsewhere.

A paper that was wrong is replaced by another, and both are kept; one that is no paper of this
agreement is removed, with a reason, and its file destroyed.
"""

from services.agreements.domain.agreements import Agreement
from services.agreements.domain.decisions import Decided, decide
from services.agreements.events.agreements import AgreementDocumentAdded, AgreementDocumentRemoved
from services.agreements.events.values import Document, DocumentId
from shared.errors import Rejected

MOST = 100
"""A fact carries all of them, and has to fit into a record."""


def add_document(
    agreement: Agreement, *, added: Document, takes_place_of: DocumentId | None
) -> Decided[Agreement]:
    """Another paper, in any state of the agreement: evidence comes late."""
    if len(agreement.documents) >= MOST:
        raise Rejected("agreement-documents-too-many", f"an agreement has at most {MOST} documents")
    for each in agreement.documents:
        if each.sha256 == added.sha256:
            raise Rejected("agreement-document-kept-already", f"the same file is kept as {each.id}")
    kept = agreement.documents
    if takes_place_of is not None:
        before = document(agreement, takes_place_of, status=422)
        if before.superseded_by is not None:
            raise Rejected(
                "agreement-document-superseded",
                f"{before.superseded_by} took its place already: name that one",
                field="takes_place_of",
            )
        after = before.model_copy(update={"superseded_by": added.id})
        kept = tuple(after if each is before else each for each in kept)
    return decide(
        agreement,
        AgreementDocumentAdded(
            document=added.id, takes_place_of=takes_place_of, documents=(*kept, added)
        ),
    )


def remove_document(
    agreement: Agreement, *, removed: DocumentId, reason: str
) -> Decided[Agreement]:
    """It is no paper of this agreement. What it replaced is in force again as a paper."""
    document(agreement, removed)
    left = tuple(
        each.model_copy(update={"superseded_by": None}) if each.superseded_by == removed else each
        for each in agreement.documents
        if each.id != removed
    )
    return decide(
        agreement, AgreementDocumentRemoved(document=removed, reason=reason, documents=left)
    )


def document(agreement: Agreement, wanted: DocumentId, *, status: int = 404) -> Document:
    """Raises Rejected("agreement-document-unknown")."""
    for each in agreement.documents:
        if each.id == wanted:
            return each
    raise Rejected("agreement-document-unknown", f"it has no document {wanted!r}", status=status)
