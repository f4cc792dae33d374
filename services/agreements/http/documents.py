"""`/agreements/{id}/documents`: the papers of an agreement."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.agreements import store
from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import AgreementId, Document, DocumentId, DocumentKind
from services.agreements.usecases import documents as usecases
from shared.attachments import DOWNLOAD, MAX_FILE_BYTES, UPLOAD, download, received
from shared.http import Page, Reads, Writes
from shared.limits import takes
from shared.texts import Line

router = APIRouter(prefix="/{agreement}/documents", tags=["documents"])


@router.post("", status_code=201, response_model=Agreement, openapi_extra=UPLOAD)
@takes(MAX_FILE_BYTES)
async def add_document(
    agreement: AgreementId,
    request: Request,
    call: Writes,
    title: Annotated[Line, Query(max_length=200)],
    kind: DocumentKind = "other",
    takes_place_of: Annotated[
        DocumentId | None, Query(description="A document that this one replaces")
    ] = None,
) -> Response:
    """Add a PDF or DOCX of up to 20 MiB: the body is the file, and what it is, its bytes say."""
    async with received(request.stream()) as file:
        return await call.once(
            lambda tx: usecases.add_document(
                tx,
                call.allow,
                agreement,
                file,
                title=title,
                kind=kind,
                takes_place_of=takes_place_of,
            ),
            status=201,
            location=lambda after: f"/agreements/{after.id}/documents/{after.documents[-1].id}",
            body_digest=file.sha256,
        )


@router.get("")
async def list_documents(agreement: AgreementId, call: Reads) -> Page[Document]:
    """Its papers, in the order in which they came; those that were replaced say by which."""
    known = await call.read(lambda tx: store.agreements.load(tx, agreement, for_update=False))
    return Page(items=list(known.documents))


@router.get("/{document}", responses=DOWNLOAD, response_class=Response)
async def download_document(agreement: AgreementId, document: DocumentId, call: Reads) -> Response:
    """The file itself, to be saved under its title."""
    known, file = await call.read(lambda tx: usecases.document_file(tx, agreement, document))
    return download(call.context.database, store.files, file, title=known.title)


@router.post("/{document}/removal", response_model=Agreement)
async def remove_document(
    agreement: AgreementId, document: DocumentId, command: usecases.RemoveDocument, call: Writes
) -> Response:
    """It is no paper of this agreement: its file is destroyed, the reason is kept."""
    return await call.once(
        lambda tx: usecases.remove_document(tx, call.allow, agreement, document, command)
    )
