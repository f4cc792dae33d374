"""Files that are attached: what they are, their bytes say; and nothing is taken that is two."""

import io
import warnings
import zipfile
from collections.abc import AsyncIterator

import pytest

from shared.attachments import MAX_FILE_BYTES, received
from shared.attachments.serving import _saved_as
from shared.attachments.sniffing import DOCX, PDF, sniffed
from shared.errors import Rejected
from tests.support.papers import a_docx, a_pdf, a_zip

MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
VBA = '<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
ACTIVE_X = '<Override PartName="/word/a" ContentType="application/vnd.ms-office.activeX+xml"/>'


def twice(name: str) -> bytes:
    """A DOCX in which one name stands for two things."""
    file = io.BytesIO(a_docx())
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, "<Types/>")
    return file.getvalue()


def encrypted() -> bytes:
    """A DOCX whose first part says that it is encrypted."""
    content = bytearray(a_docx())
    directory = content.rindex(b"PK\x01\x02", 0, content.index(b"PK\x01\x02") + 4)
    content[directory + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (a_pdf(), PDF),
        (a_pdf() + b"\r\n\0\0", PDF),
        (a_pdf(size=3_000_000), PDF),
        (a_docx(), DOCX),
        (a_docx({"word/media/x.png": "x", "word/embeddings/sheet.xlsx": "PK"}), DOCX),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, media_type: str) -> None:
    assert sniffed(io.BytesIO(content)) == media_type


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"MZ\x90\0", "file-type-unknown"),
        (b"<html><script>", "file-type-unknown"),
        (b"\n" + a_pdf(), "file-type-unknown"),
        (a_zip({"notes.txt": "x"}), "file-type-unknown"),
        (a_docx(main="application/vnd.ms-excel"), "file-type-unknown"),
        (a_docx(main=MACROS), "file-has-macros"),
        (a_docx(more=VBA), "file-has-macros"),
        (a_docx(more=ACTIVE_X), "file-has-macros"),
        (a_docx({"word/vbaProject.bin": "x"}), "file-has-macros"),
        (a_pdf()[:-8], "file-damaged"),
        (a_docx()[:-30], "file-damaged"),
        (a_docx()[:200], "file-damaged"),
        (encrypted(), "file-damaged"),
        (a_docx(more="</Types>"), "file-damaged"),
        (a_docx(more=f"<!--{'x' * 1_100_000}-->"), "file-damaged"),
        (a_pdf() + a_docx(), "file-ambiguous"),
        (a_pdf()[:-6] + a_docx() + b"\n%%EOF", "file-ambiguous"),
        (a_pdf() + b"<script>", "file-ambiguous"),
        (a_docx(comment=b"%PDF-1.7"), "file-ambiguous"),
        (a_docx() + b"<script>", "file-ambiguous"),
        (a_zip({"%PDF-1.7": ""} | {"[Content_Types].xml": "<Types/>"}), "file-ambiguous"),
        (twice("[Content_Types].xml"), "file-ambiguous"),
    ],
)
def test_what_is_neither_or_two_or_runs_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        sniffed(io.BytesIO(content))
    assert (refused.value.code, refused.value.status) == (code, 422)


def test_an_entity_in_the_list_of_parts_is_not_followed() -> None:
    listed = (
        '<!DOCTYPE Types [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
        f'<Types><Override ContentType="{DOCX}.main+xml">&x;</Override></Types>'
    )
    assert sniffed(io.BytesIO(a_zip({"[Content_Types].xml": listed}))) == DOCX


async def _stream(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def test_a_file_is_measured_and_hashed_while_it_comes() -> None:
    content = a_pdf(size=2_000_000)
    async with received(_stream(content[:7], content[7:])) as file:
        assert (file.media_type, file.size) == (PDF, 2_000_000)
        assert len(file.sha256) == 64
        file.content.seek(0)
        assert file.content.read() == content


async def test_a_file_over_the_limit_is_refused_before_its_end() -> None:
    with pytest.raises(Rejected) as refused:
        async with received(_stream(*[b"%" * MAX_FILE_BYTES, b"%", b"never read"])):
            pass
    assert (refused.value.code, refused.value.status) == ("file-too-large", 413)


def test_a_file_is_saved_under_its_title_and_nothing_of_it_breaks_the_header() -> None:
    assert _saved_as('Thỏa thuận "A"\r\n/x.pdf') == (
        'attachment; filename="Th_a thu_n _A____x.pdf"; '
        "filename*=UTF-8''Th%E1%BB%8Fa%20thu%E1%BA%ADn%20%22A%22%0D%0A%2Fx.pdf"
    )
