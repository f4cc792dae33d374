"""What RFC 5545 asks of a calendar's bytes, looked at without the library that wrote them."""

import re

from icalendar import Calendar

__all__ = ["understood"]

_LINE = re.compile(r"[A-Z0-9-]+(;[A-Z0-9-]+=(\"[^\"]*\"|[^\";:,]*))*:[^\x00-\x08\x0a-\x1f\x7f]*")


def understood(content: bytes) -> Calendar:
    """The calendar, read by the library, once its bytes are found to be as the RFC has them."""
    assert content.endswith(b"END:VCALENDAR\r\n")
    physical = content.removesuffix(b"\r\n").split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in physical), "lines end in CRLF"
    assert max(map(len, physical)) <= 75, "no line is longer than 75 octets"
    for octets in physical:
        octets.decode()  # no character is torn apart by a fold
    lines = content.decode().replace("\r\n ", "").split("\r\n")[:-1]
    for line in lines:
        assert _LINE.fullmatch(line), line
    _nested(lines)
    return Calendar.from_ical(content)


def _nested(lines: list[str]) -> None:
    """Components are closed in order, and have what they must have, once."""
    opened: list[tuple[str, list[str]]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if name == "BEGIN":
            opened.append((value, []))
        elif name == "END":
            component, names = opened.pop()
            assert component == value
            _complete(component, names)
        else:
            opened[-1][1].append(name.partition(";")[0])
    assert opened == []


def _complete(component: str, names: list[str]) -> None:
    once = {
        "VCALENDAR": {"PRODID", "VERSION", "CALSCALE"},
        "VEVENT": {"UID", "DTSTAMP", "DTSTART", "SEQUENCE", "STATUS", "SUMMARY"},
        "VTIMEZONE": {"TZID"},
    }.get(component, set())
    at_most_once = {"DTEND", "LOCATION", "DESCRIPTION", "URL", "CREATED", "LAST-MODIFIED", "TRANSP"}
    assert all(names.count(name) == 1 for name in once), names
    assert all(names.count(name) <= 1 for name in at_most_once), names
