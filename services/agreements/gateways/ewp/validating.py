"""Against the published schemas, which are read from beside this file and from nowhere else."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from services.agreements.gateways.ewp.documents import (
    NAMESPACE,
    Document,
    Element,
    local_name,
    path_of,
)
from services.agreements.gateways.ewp.findings import Finding

__all__ = ["MAX_FINDINGS", "against_the_schemas"]

MAX_FINDINGS = 1000
"""So many are named; who mends those sees the others the next time."""

_FOLDER = Path(__file__).parent / "schemas"
_FIRST = _FOLDER / "ewp-specs-api-iias/stable-v7/endpoints/get-response.xsd"
_PUBLISHED_AT = "https://raw.githubusercontent.com/erasmus-without-paper/"
_XML = "http://www.w3.org/2001/03/xml.xsd"

_OF_PERSONS = {"sending-contact", "receiving-contact", "signing-contact", "contact"}

_WRITE = {
    "hei-id": "the SCHAC id of the institution, such as uw.edu.pl",
    "ounit-id": "1 to 64 printable ASCII characters without a blank",
    "iia-id": "1 to 64 printable ASCII characters without a blank",
    "signing-date": "a day, as in 2025-11-12",
    "in-effect": "true or false",
    "iia-hash": "64 digits of 0-9 and a-f, as `rapport ewp hash` prints them",
    "sending-ounit-id": "1 to 64 printable ASCII characters without a blank",
    "receiving-ounit-id": "1 to 64 printable ASCII characters without a blank",
    "receiving-first-academic-year-id": "YYYY/YYYY, as in 2025/2026 (2026/2026 in the south)",
    "receiving-last-academic-year-id": "YYYY/YYYY, as in 2028/2029 (2029/2029 in the south)",
    "mobilities-per-year": "a whole number, 1 or more: it is a maximum; leave out the condition"
    " if nobody goes",
    "language": "the code of a language, such as en or pt-BR",
    "cefr-level": "A1, A2, B1, B2, C1 or C2",
    "isced-f-code": "the four digits of a field of ISCED-F 2013, its zeros too, as in 0714",
    "total-months-per-year": "a number over 0 with two decimals at most, with a point",
    "total-days-per-year": "a number over 0 with two decimals at most, with a point",
    "blended": "true or false",
    "eqf-level": "a whole number from 1 to 8 (6 bachelor, 7 master, 8 doctorate)",
    "terminated-as-a-whole": 'terminated-as-a-whole="true", or no such attribute',
    "not-yet-defined": 'not-yet-defined="true", or no such attribute',
    "v6-value": "one to three digits: the code that was approved in version 6",
    "email": "an address such as office@example.org",
    "e164": "+ and up to 15 digits",
}
_CODES = {
    "isced-f-code": "isced-f-not-four-digits",
    "iia-id": "iia-id-malformed",
    "receiving-first-academic-year-id": "academic-year-malformed",
    "receiving-last-academic-year-id": "academic-year-malformed",
}
_MISSING = {
    "recommended-language-skill": (
        "language-skill-missing",
        "studies and teaching need a language skill: add `recommended-language-skill`",
    ),
    "partner": ("partners-not-two", "an agreement of EWP has exactly two partners: name both"),
}


class _Beside(etree.Resolver):
    """A schema that names another by its address gets the file of ours, or nothing."""

    def resolve(self, system_url: str | None, _public_id: str | None, context: Any) -> Any:
        if system_url == _XML:
            return self.resolve_filename(str(_FOLDER / "w3c/xml.xsd"), context)
        if system_url is not None and system_url.startswith(_PUBLISHED_AT):
            path = _FOLDER / system_url.removeprefix(_PUBLISHED_AT)
            return self.resolve_filename(str(path), context)
        return None


def _schema() -> etree.XMLSchema:
    """Made anew for each document, in some milliseconds: it holds the errors of the last one."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    parser.resolvers.add(_Beside())
    return etree.XMLSchema(etree.parse(_FIRST, parser))


def against_the_schemas(document: Document) -> list[Finding]:
    """Everything that the schemas forbid, in the order of the document."""
    root = document.root
    name = etree.QName(root)
    if name.localname != "iias-get-response" or name.namespace != NAMESPACE:
        return [_another_document(root, name)]
    schema = _schema()
    if schema.validate(root):
        return []
    findings: list[Finding] = []
    seen: set[tuple[str, str]] = set()
    for entry in schema.error_log:
        finding = _finding(root, entry)
        # a value that is wrong is told of twice: by the rule that it breaks, and by its type
        if (finding.path, finding.code) not in seen:
            seen.add((finding.path, finding.code))
            findings.append(finding)
        if len(findings) == MAX_FINDINGS:
            break
    return findings


def _another_document(root: Element, name: etree.QName) -> Finding:
    version = re.search(r"stable-v(\d+)", name.namespace or "")
    what = f"it is `{name.localname}` of {name.namespace or 'no namespace'}"
    if version and name.localname == "iias-get-response":
        what = f"it is of version {version.group(1)} of the format"
    return Finding(
        code="schema-document",
        severity="error",
        line=root.sourceline or 1,
        path=f"/{name.localname}",
        what=what,
        do=f"send `iias-get-response` of version 7: its namespace is {NAMESPACE}",
    )


# --- the validator's messages, in our words ------------------------------------------------------

_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*) \)\.")
_ATTRIBUTE = re.compile(r"Element '[^']*', attribute '([^']*)'")
_QUOTED = re.compile(r"'([^']*)'")


def _finding(root: Element, entry: Any) -> Finding:
    element = _element_at(root, entry.path or "")
    message = re.sub(r"\{[^}]*\}", "", entry.message)
    named = _ATTRIBUTE.match(message)
    attribute = named.group(1) if named else None
    code, what, do = _said(element, attribute, message, entry.type_name)
    return Finding(
        code=code,
        severity="error",
        line=element.sourceline or entry.line,
        path=path_of(element) + (f"/@{attribute}" if attribute else ""),
        what=what,
        do=do,
    )


def _said(element: Element, attribute: str | None, message: str, kind: str) -> tuple[str, str, str]:
    name = local_name(element)
    expected = _EXPECTED.search(message)
    wanted = [each.strip() for each in expected.group(1).split(",")] if expected else []
    if kind == "SCHEMAV_ELEMENT_CONTENT":
        return _misplaced(name, wanted, ends_early="Missing child element" in message)
    if attribute and message.endswith("is not allowed."):
        return "schema-attribute", f"`{name}` has no attribute `{attribute}`", "remove it"
    subject = attribute or name
    value = "the value" if _of_a_person(element) else _value(element, attribute)
    how = _WRITE.get(subject)
    return (
        _CODES.get(subject, "schema-value"),
        f"{value} cannot stand in `{subject}`",
        f"write {how}" if how else _without_values(message),
    )


def _misplaced(name: str, wanted: list[str], *, ends_early: bool) -> tuple[str, str, str]:
    if len(wanted) == 1 and wanted[0] in _MISSING and name != wanted[0]:
        code, do = _MISSING[wanted[0]]
        return code, f"`{wanted[0]}` is missing {'in' if ends_early else 'before'} `{name}`", do
    if name == "partner" and not ends_early:
        code, do = _MISSING["partner"]
        return code, "there is a third `partner`", do
    named = " or ".join(f"`{each}`" for each in wanted)
    if ends_early:
        return "schema-element", f"`{name}` ends too early", f"add {named}"
    return (
        "schema-element",
        f"`{name}` may not stand here",
        f"put {named} here first" if named else "remove it, or put it where the schema has it",
    )


def _value(element: Element, attribute: str | None) -> str:
    text = (element.get(attribute) if attribute else element.text) or ""
    return f"{text[:60]!r}" if text.strip() else "nothing"


def _without_values(message: str) -> str:
    return "see the schema: " + _QUOTED.sub("...", message.partition(": ")[2] or message)


def _of_a_person(element: Element) -> bool:
    return any(local_name(each) in _OF_PERSONS for each in (element, *element.iterancestors()))


def _element_at(root: Element, path: str) -> Element:
    """The element of a path as libxml2 writes them: `/*/*[3]/c:contact[1]`."""
    here = root
    for step in path.split("/")[2:]:
        name, _, index = step.rstrip("]").partition("[")
        found = list(_named(here, name))
        position = int(index or 1) - 1
        if position >= len(found):
            break
        here = found[position]
    return here


def _named(element: Element, name: str) -> Iterator[Element]:
    prefix, _, local = name.rpartition(":")
    for each in element:
        if not isinstance(each.tag, str):
            continue
        if name == "*" or (local_name(each) == local and (each.prefix or "") == prefix):
            yield each
