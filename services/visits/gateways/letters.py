"""A draft of the letter that invites a delegation, as a Word document: to be edited and signed.

The same bytes for the same visit and day. What the record does not know stands in [brackets].
"""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

from services.visits.domain import Visit, moment
from services.visits.events import Member

__all__ = ["Letterhead", "invitation"]

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_RELATIONS = "application/vnd.openxmlformats-package.relationships+xml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NOT_XML = re.compile("[\ufffe\uffff]")
_MADE = (1980, 1, 1, 0, 0, 0)
"""The day that a ZIP gives its files where none matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What the letter says beside the visit's record."""

    unit: str
    hosts: tuple[str, ...]
    on: date
    names: Mapping[str, str]
    """By person_ref, as far as the writer may know them."""


def invitation(visit: Visit, head: Letterhead) -> bytes:
    """The draft as DOCX."""
    body = "".join(_paragraph(line) for line in _lines(visit, head))
    parts = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="{_RELATIONS}"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN}"/></Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument"'
        ' Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'{_HEAD}<w:document xmlns:w="{_WORD}"><w:body>{body}'
        "<w:sectPr/></w:body></w:document>",
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, _MADE), text)
    return file.getvalue()


def _lines(visit: Visit, head: Letterhead) -> Iterator[str]:
    guests = [member for member in visit.members if not member.ours]
    invited = [each.name for each in visit.partners if each.role in ("visitor", "participant")]
    invited = invited or sorted({each.organization for each in guests})
    yield head.unit
    yield f"{head.on:%d %B %Y}"
    yield ""
    yield "; ".join(invited) or "[addressee]"
    yield ""
    yield f"Invitation: {visit.title}"
    yield ""
    yield "Dear [name],"
    yield (
        f"{head.unit} has the pleasure of inviting you to visit us {_when(visit)}"
        f"{_at(visit)}. {_purpose(visit)}"
    )
    if guests:
        yield "The invitation is for:"
        yield from (f"- {_guest(each, head.names)}" for each in guests)
    if visit.agenda:
        yield "We propose this programme:"
        yield from (f"- {line}" for line in _programme(visit))
    if head.hosts:
        yield f"You will be received by {'; '.join(head.hosts)}."
    if visit.decision is not None:
        yield f"(Decision {visit.decision.number} of {visit.decision.on})"
    yield "We look forward to welcoming you."
    yield ""
    yield "Yours sincerely,"
    yield ""
    yield "[name and office of who signs]"


def _when(visit: Visit) -> str:
    first, last = visit.starts_on, visit.ends_on
    if {first.precision, last.precision} != {"day"}:
        return f"in {first}" if first == last else f"between {first} and {last}"
    if first == last:
        return f"on {first.first:%d %B %Y}"
    return f"from {first.first:%d %B %Y} to {last.last:%d %B %Y}"


def _at(visit: Visit) -> str:
    return f" at {visit.place}" if visit.place else ""


def _purpose(visit: Visit) -> str:
    return f"The purpose of the visit is: {visit.purpose}" if visit.purpose else "[purpose]"


def _guest(member: Member, names: Mapping[str, str]) -> str:
    name = names.get(member.person_ref or "")
    who = f"{name}, {member.role}" if name else member.role
    many = f" ({member.count} persons)" if member.count > 1 else ""
    return f"{who}, {member.organization}{many}"


def _programme(visit: Visit) -> Sequence[str]:
    lines = []
    for item in visit.agenda:
        at = moment(item.at)
        when = item.at or ""
        if at is not None:
            when = f"{at:%d %B, %H:%M}" if isinstance(at, datetime) else f"{at:%d %B}"
        place = f" ({item.place})" if item.place else ""
        lines.append(f"{when}{': ' if when else ''}{item.title}{place}")
    return lines


def _paragraph(text: str) -> str:
    runs = "<w:br/>".join(
        f'<w:t xml:space="preserve">{escape(line)}</w:t>'
        for line in _NOT_XML.sub("\ufffd", text).split("\n")
    )
    return f"<w:p><w:r>{runs}</w:r></w:p>"
