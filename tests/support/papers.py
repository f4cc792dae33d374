"""Files as people attach them, of a few bytes: a PDF, a DOCX, and what only looks like one."""

import io
import zipfile
from collections.abc import Mapping

from shared.attachments import MAX_FILE_BYTES

__all__ = ["a_docx", "a_pdf", "a_zip"]

_TYPES = """<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="xml" ContentType="application/xml"/>
<Override PartName="/word/document.xml" ContentType="{main}"/>{more}
</Types>"""
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def a_pdf(text: str = "Memorandum", *, size: int = 0) -> bytes:
    """A PDF with this text in it, blown up to so many bytes."""
    assert size <= MAX_FILE_BYTES + 1
    body = f"%PDF-1.7\n1 0 obj\n<< /Title ({text}) >>\nendobj\n".encode()
    end = b"trailer\n<< /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
    return body + b"%" * max(0, size - len(body) - len(end) - 1) + b"\n" + end


def a_docx(
    parts: Mapping[str, str] | None = None,
    *,
    main: str = _WORD,
    more: str = "",
    comment: bytes = b"",
) -> bytes:
    """A DOCX that says its main part is `main`, with more types and more parts."""
    listed = {"[Content_Types].xml": _TYPES.format(main=main, more=more)}
    return a_zip(
        listed | {"word/document.xml": "<w:document/>"} | dict(parts or {}), comment=comment
    )


def a_zip(parts: Mapping[str, str], *, comment: bytes = b"") -> bytes:
    """A ZIP of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        archive.comment = comment
    return file.getvalue()
