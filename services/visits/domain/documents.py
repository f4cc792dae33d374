"""The papers of a visit: what is known of each file; the files themselves are kept elsewhere.

A paper that was wrong is replaced by another, and both are kept; one that is no paper of this visit
is removed, with a reason, and its file destroyed.
"""

from datetime import date

from services.visits.domain.visit import Decided, Visit, decided
from services.visits.events import Document, DocumentId, VisitDocumentAdded, VisitDocumentRemoved
from shared.errors import Rejected

__all__ = ["add_document", "document_of", "remove_document"]

_MOST = 100
"""A fact carries all of them, and has to fit into a record."""


def add_document(
    visit: Visit, *, added: Document, takes_place_of: DocumentId | None, today: date
) -> Decided:
    """Another paper, in any state of the visit: evidence comes late."""
    if len(visit.documents) >= _MOST:
        raise Rejected("visit-documents-too-many", f"a visit has at most {_MOST} documents")
    for each in visit.documents:
        if each.sha256 == added.sha256:
            raise Rejected("visit-document-kept-already", f"the same file is kept as {each.id}")
    kept = visit.documents
    if takes_place_of is not None:
        before = document_of(visit, takes_place_of, field="takes_place_of", status=422)
        if before.superseded_by is not None:
            raise Rejected(
                "visit-document-superseded",
                f"{before.superseded_by} took its place already: name that one",
                field="takes_place_of",
            )
        after = before.model_copy(update={"superseded_by": added.id})
        kept = tuple(after if each is before else each for each in kept)
    fact = VisitDocumentAdded(
        document=added.id, takes_place_of=takes_place_of, documents=(*kept, added)
    )
    return decided(visit, fact, today=today)


def remove_document(visit: Visit, *, removed: DocumentId, reason: str, today: date) -> Decided:
    """It is no paper of this visit. What it replaced counts again."""
    document_of(visit, removed)
    left = tuple(
        each.model_copy(update={"superseded_by": None}) if each.superseded_by == removed else each
        for each in visit.documents
        if each.id != removed
    )
    fact = VisitDocumentRemoved(document=removed, reason=reason, documents=left)
    return decided(visit, fact, today=today)


def document_of(
    visit: Visit, wanted: DocumentId, *, field: str | None = None, status: int = 404
) -> Document:
    """Raises Rejected("visit-document-unknown")."""
    for each in visit.documents:
        if each.id == wanted:
            return each
    raise Rejected(
        "visit-document-unknown", f"it has no document {wanted!r}", field=field, status=status
    )
