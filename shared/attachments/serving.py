"""A file on its way out: to be saved, and never to be shown or run in the page's own name."""

from typing import Any
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from shared.attachments.keeping import Attachment, Attachments
from shared.attachments.sniffing import DOCX, PDF
from shared.database import Database

__all__ = ["DOWNLOAD", "UPLOAD", "download"]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
UPLOAD: dict[str, Any] = {
    "requestBody": {"required": True, "content": {PDF: _BINARY, DOCX: _BINARY}}
}
"""For a route that takes a file as its body: `openapi_extra=UPLOAD`."""
DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {PDF: _BINARY, DOCX: _BINARY}}
}
"""For a route that answers with `download`: `responses=DOWNLOAD, response_class=Response`."""
_ENDINGS: dict[str, str] = {PDF: "pdf", DOCX: "docx"}


def download(
    database: Database, attachments: Attachments, attachment: Attachment, *, title: str
) -> Response:
    """The answer that brings the file, part by part, to be saved under its title."""
    return StreamingResponse(
        attachments.parts(database, attachment.id),
        media_type=attachment.media_type,
        headers={
            "content-disposition": _saved_as(f"{title}.{_ENDINGS[attachment.media_type]}"),
            "content-length": str(attachment.size),
            "content-security-policy": "sandbox; default-src 'none'",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        },
    )


def _saved_as(name: str) -> str:
    """RFC 6266: the name as it is for who reads RFC 8187, and what is ASCII of it for others."""
    plain = "".join(
        each if each.isascii() and (each.isalnum() or each in " .-_()") else "_" for each in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
