"""From the bytes of a document to its elements: whatever the bytes are, nothing else is opened.

A first look with expat stops at what no agreement needs and an attacker does: a document type (and
with it every entity), nesting without end, elements without number. Only then is a tree built.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from lxml import etree
from lxml.etree import _Element as Element

from shared.errors import Rejected

__all__ = ["NAMESPACE", "Document", "Element", "Iia", "children", "local_name", "path_of", "read"]

NAMESPACE = (
    "https://github.com/erasmus-without-paper/ewp-specs-api-iias/blob/stable-v7/endpoints/"
    "get-response.xsd"
)
MAX_BYTES = 20 * 1024 * 1024
MAX_DEPTH = 32
MAX_ELEMENTS = 1_000_000
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Iia:
    """One agreement as it is written: its element, its partners and its conditions."""

    element: Element
    partners: tuple[Element, ...]
    conditions: tuple[Element, ...]

    @property
    def hei_ids(self) -> tuple[str, ...]:
        """Of the partners, in order; "" where one is missing."""
        return tuple(text_of(partner, "hei-id") or "" for partner in self.partners)

    @property
    def iia_ids(self) -> tuple[str, ...]:
        """Each partner's own id of it, in order; "" where one is not known."""
        return tuple(text_of(partner, "iia-id") or "" for partner in self.partners)

    @property
    def stated_hash(self) -> str:
        """The hash that is written in it; "" if there is none."""
        return text_of(self.element, "iia-hash") or ""

    @property
    def all_conditions(self) -> Element | None:
        """The element around the conditions."""
        return child(self.element, "cooperation-conditions")


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose XML is well-formed; nothing is said of what stands in it."""

    root: Element
    iias: tuple[Iia, ...]


def read(received: bytes) -> Document:
    """The elements of a document.

    Raises Rejected (422): `ewp-too-large`, `ewp-not-xml`, `ewp-doctype`, `ewp-too-deep`.
    """
    if len(received) > MAX_BYTES:
        raise Rejected(
            "ewp-too-large",
            f"it has {len(received)} bytes, the limit is {MAX_BYTES}: send fewer agreements",
            status=422,
        )
    _look_first(received)
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(received, parser)
    except etree.XMLSyntaxError as error:
        raise _not_xml(str(error.msg), error.lineno or 0) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise _doctype(1)
    found = [root] if local_name(root) == "iia" else children(root, "iia")
    return Document(root, tuple(map(_iia, found)))


def _iia(element: Element) -> Iia:
    around = child(element, "cooperation-conditions")
    conditions = () if around is None else tuple(children(around))
    return Iia(element, tuple(children(element, "partner")), conditions)


# --- the first look ------------------------------------------------------------------------------


class _Look:
    """Counts depth and elements; raises Rejected at the first thing that may not be."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._depth = 0
        self._elements = 0

    def _doctype(self, *_declared: object) -> None:
        raise _doctype(self.parser.CurrentLineNumber)

    def _start(self, _name: str, _attributes: object) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise Rejected(
                "ewp-too-deep",
                f"line {self.parser.CurrentLineNumber}: more than {MAX_DEPTH} elements within one "
                f"another, or more than {MAX_ELEMENTS} in all: no agreement needs so many",
                status=422,
            )

    def _end(self, _name: str) -> None:
        self._depth -= 1


def _look_first(received: bytes) -> None:
    look = _Look()
    try:
        for start in range(0, len(received), _CHUNK):
            look.parser.Parse(received[start : start + _CHUNK], False)
        look.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise _not_xml(expat.ErrorString(error.code), error.lineno) from None
    except (LookupError, ValueError) as error:  # an encoding that Python does not know either
        raise _not_xml(str(error), 1) from None


def _not_xml(why: str, line: int) -> Rejected:
    return Rejected("ewp-not-xml", f"line {line}: it is not well-formed XML: {why}", status=422)


def _doctype(line: int) -> Rejected:
    return Rejected(
        "ewp-doctype",
        f"line {line}: it has a document type (<!DOCTYPE ...>), which may name files and grow "
        "without end; remove it",
        status=422,
    )


# --- walking -------------------------------------------------------------------------------------


def local_name(element: Element) -> str:
    """Its name without the namespace; "" of a comment."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def children(element: Element, name: str | None = None) -> Iterator[Element]:
    """The elements in it, of that name if one is given; no comments."""
    for each in element:
        found = local_name(each)
        if found and name in (None, found):
            yield each


def child(element: Element, name: str) -> Element | None:
    """The first element in it of that name."""
    return next(children(element, name), None)


def written_in(element: Element) -> str:
    """The text of an element exactly as it is written; a comment is no part of it."""
    if not len(element):
        return element.text or ""
    return (element.text or "") + "".join(
        (written_in(each) if local_name(each) else "") + (each.tail or "") for each in element
    )


def text_of(element: Element, name: str) -> str | None:
    """The text of the first element of that name, trimmed; None if there is none."""
    found = child(element, name)
    return None if found is None else written_in(found).strip()


def is_true(value: str | None) -> bool:
    """A boolean of XML Schema is written in two ways."""
    return (value or "").strip() in ("true", "1")


def path_of(element: Element) -> str:
    """Where it stands: `/iias-get-response/iia[2]/partner[1]/iia-id`, by local names."""
    steps: list[str] = []
    here: Element | None = element
    while here is not None:
        name, parent = local_name(here), here.getparent()
        twins = [here] if parent is None else list(children(parent, name))
        steps.append(name if len(twins) == 1 else f"{name}[{twins.index(here) + 1}]")
        here = parent
    return "/" + "/".join(reversed(steps))
