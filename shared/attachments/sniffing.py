"""What a file is, by its bytes: a PDF, a Word document (DOCX), or nothing that is taken.

A file that two programs read as two things (a PDF with a ZIP behind it, a ZIP with something before
it) can carry past a check what the check did not see; so a file must be one thing from its first
byte to its last. Nothing in it is unpacked but the list of what a DOCX holds.
"""

import struct
import zipfile
import zlib
from typing import IO, Literal, TypeAlias

from lxml import etree

from shared.errors import Rejected

__all__ = ["DOCX", "PDF", "MediaType", "sniffed"]

MediaType: TypeAlias = Literal[
    "application/pdf", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
]
PDF: MediaType = "application/pdf"
DOCX: MediaType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_HEAD = 1024
"""So far readers of PDF look for its first line, and for its last."""
_LIST = "[Content_Types].xml"
_LIST_BYTES = 1024 * 1024
_ENTRIES = 10_000
_UNPACKED_BYTES = 512 * 1024 * 1024
_MAIN = f"{DOCX}.main+xml"
_ACTIVE = ("macroenabled", "vbaproject", "activex")
"""Parts of the content types, in lower case, of what runs when it is opened."""
_ENCRYPTED = 0x1
_END_OF_ZIP = 22


def sniffed(file: IO[bytes]) -> MediaType:
    """What the file is. Raises Rejected (422): `file-empty`, `file-type-unknown`, `file-ambiguous`,
    `file-has-macros`, `file-damaged`."""
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise Rejected("file-empty", "the file has no bytes", status=422)
    if head.startswith(b"%PDF-"):
        return _pdf(file)
    if head.startswith(b"PK\x03\x04"):
        return _docx(file, head)
    raise Rejected("file-type-unknown", "the file is neither a PDF nor a DOCX", status=422)


def _pdf(file: IO[bytes]) -> MediaType:
    size = file.seek(0, 2)
    file.seek(max(0, size - _HEAD))
    before, mark, behind = file.read().rpartition(b"%%EOF")
    if not before or not mark:
        raise _damaged("it begins as a PDF and does not end as one: it was cut off")
    if behind.strip(b"\0\r\n\t \x1a"):
        raise _ambiguous("something stands behind the end of the PDF")
    archive = _as_archive(file)
    if archive is not None and archive.infolist():
        raise _ambiguous("the file is a PDF and a ZIP at once")
    return PDF


def _docx(file: IO[bytes], head: bytes) -> MediaType:
    archive = _as_archive(file)
    if archive is None:
        raise _damaged("it begins as a ZIP and cannot be read as one")
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if _LIST not in names:
        raise Rejected("file-type-unknown", "the file is a ZIP, but no DOCX", status=422)
    if len(set(names)) < len(names) or not _whole(file, archive, entries) or b"%PDF-" in head:
        raise _ambiguous("readers could find other things in this ZIP than we do")
    if len(entries) > _ENTRIES or sum(entry.file_size for entry in entries) > _UNPACKED_BYTES:
        raise _damaged("it says that it unpacks into more than a document can be")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise _damaged("it is encrypted: attach it without a password")
    types = _content_types(archive)
    if any(sign in each for each in types for sign in _ACTIVE) or any(
        name.lower().endswith("vbaproject.bin") for name in names
    ):
        raise Rejected(
            "file-has-macros", "it holds macros or controls that run: save it as PDF", status=422
        )
    if _MAIN not in types:
        raise Rejected(
            "file-type-unknown", "it is an Office file, but no Word document (DOCX)", status=422
        )
    return DOCX


def _as_archive(file: IO[bytes]) -> zipfile.ZipFile | None:
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, RuntimeError, ValueError, OverflowError, struct.error):
        return None


def _whole(file: IO[bytes], archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> bool:
    """True if the ZIP begins with the file and ends with it: no comment, nothing around it."""
    size = file.seek(0, 2)
    file.seek(size - _END_OF_ZIP)
    return (
        not archive.comment
        and file.read(4) == b"PK\x05\x06"
        and min(entry.header_offset for entry in entries) == 0
    )


def _content_types(archive: zipfile.ZipFile) -> set[str]:
    """The types that the DOCX says its parts have, in lower case."""
    try:
        with archive.open(_LIST) as packed:
            listed = packed.read(_LIST_BYTES + 1)
        if len(listed) > _LIST_BYTES:
            raise _damaged("the list of its parts is too long")
        safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        root = etree.fromstring(listed, safe)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError):
        raise _damaged("the list of its parts cannot be unpacked") from None
    except etree.XMLSyntaxError:
        raise _damaged("the list of its parts is no XML") from None
    return {str(each.get("ContentType", "")).lower() for each in root.iter(etree.Element)}


def _damaged(why: str) -> Rejected:
    return Rejected("file-damaged", why, status=422)


def _ambiguous(why: str) -> Rejected:
    return Rejected("file-ambiguous", f"{why}: print it to a PDF anew", status=422)
