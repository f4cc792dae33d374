"""`/visits/{visit}/documents`: the papers of a visit, the invitation letter among them."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from services.visits import store, usecases
from services.visits.events import Document, DocumentId, DocumentKind
from services.visits.http.views import VisitPath, VisitView, answer
from services.visits.usecases.documents import RemoveDocument
from shared.attachments import DOWNLOAD, MAX_FILE_BYTES, UPLOAD, download, received
from shared.attachments.sniffing import DOCX
from shared.http import Page, Reads, Writes
from shared.limits import takes
from shared.texts import Line

router = APIRouter(prefix="/{visit}", tags=["documents"])

DocumentPath = Annotated[
    DocumentId, Path(pattern="^[a-z0-9-]{1,100}$", examples=["document-01k9zq5v4t2m8r6w0x3y7a1b2c"])
]
TakesPlaceOf = Annotated[
    DocumentId | None,
    Query(pattern="^[a-z0-9-]{1,100}$", description="A document that this one replaces"),
]

_DRAFT: dict[int | str, dict[str, Any]] = {200: {"description": "DOCX.", "content": {DOCX: {}}}}


@router.post("/documents", status_code=201, response_model=VisitView, openapi_extra=UPLOAD)
@takes(MAX_FILE_BYTES)
async def add_document(
    visit: VisitPath,
    request: Request,
    call: Writes,
    title: Annotated[Line, Query(max_length=200, description="Never a person's name.")],
    kind: DocumentKind = "other",
    takes_place_of: TakesPlaceOf = None,
) -> Response:
    """Add a PDF or DOCX of up to 20 MiB: the body is the file, and what it is, its bytes say."""
    async with received(request.stream()) as file:
        return await answer(
            call,
            lambda tx: usecases.add_document(
                tx,
                visit,
                file,
                title=title,
                kind=kind,
                takes_place_of=takes_place_of,
                allow=call.allow,
            ),
            status=201,
            location=lambda view: f"/visits/{view.id}/documents/{view.documents[-1].id}",
            body_digest=file.sha256,
        )


@router.get("/invitation.docx", responses=_DRAFT, response_class=Response)
async def draft_invitation(visit: VisitPath, call: Writes) -> Response:
    """A draft of the letter of invitation, to be edited, signed, and added to the documents."""
    content = await call.read(lambda tx: usecases.draft_invitation(tx, visit, allow=call.allow))
    headers = {
        "content-disposition": 'attachment; filename="invitation.docx"',
        "cache-control": "private, no-store",
    }
    return Response(content, headers=headers, media_type=DOCX)


@router.get("/documents")
async def list_documents(visit: VisitPath, call: Reads) -> Page[Document]:
    """Its papers, in the order in which they came; those that were replaced say by which."""
    known = await call.read(lambda tx: store.visits.load(tx, visit, for_update=False))
    return Page(items=list(known.documents))


@router.get("/documents/{document}", responses=DOWNLOAD, response_class=Response)
async def download_document(visit: VisitPath, document: DocumentPath, call: Writes) -> Response:
    """The file itself, to be saved under its title; for its own unit, as letters name people."""
    known, file = await call.read(
        lambda tx: usecases.document_file(tx, visit, document, allow=call.allow)
    )
    return download(call.context.database, store.files, file, title=known.title)


@router.post("/documents/{document}/removal", response_model=VisitView)
async def remove_document(
    visit: VisitPath, document: DocumentPath, command: RemoveDocument, call: Writes
) -> Response:
    """It is no paper of this visit: its file is destroyed, the reason is kept."""
    return await answer(
        call,
        lambda tx: usecases.remove_document(tx, visit, document, command, allow=call.allow),
    )
