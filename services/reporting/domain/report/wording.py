"""How things are said: lists, days, groups of people. English; names as they were on the day."""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from shared.dates import PartialDate

__all__ = [
    "amount",
    "counted",
    "day",
    "days",
    "listed",
    "number",
    "people",
    "plural",
    "sentence",
    "the",
    "when",
    "with_article",
]

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_OFFICE = re.compile(
    r"\b(mayor|president|rector|dean|director|chair\w*|secretary|minister|head|governor|ambassador|"
    r"consul|provost|chancellor|principal|commissioner)\b",
    re.IGNORECASE,
)
"""Offices that one person holds."""
_BODY = re.compile(
    r"\b(Association|Federation|Office|Agency|Institute|Ministry|Department|Union|Council|Club|"
    r"Embassy|Delegation|Foundation|Academy|Committee|Commission|Society|Centre|Center)\b"
)
_OF = ("University of", "School of", "College of", "Faculty of", "City of")
_TECHNOLOGY = ("Institute of Technology",)
_SMALL = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_ARTICLE = ("Netherlands", "United", "Philippines", "Bahamas", "Maldives", "Czech Republic")


def listed(items: Iterable[str]) -> str:
    """`a`; `a and b`; `a, b and c`; where an item has a comma itself: `a, x; b, y; and c`."""
    found = [item for item in items if item]
    if len(found) < 2:
        return "".join(found)
    if any("," in item for item in found):
        return f"{'; '.join(found[:-1])}; and {found[-1]}"
    return f"{', '.join(found[:-1])} and {found[-1]}"


def day(on: PartialDate | date | None) -> str:
    """`14 May 2019`, `May 2019` or `2019`: as precisely as it is known."""
    if on is None:
        return "a day not known"
    if isinstance(on, date):
        return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"
    first = on.first
    if on.precision == "year":
        return str(first.year)
    if on.precision == "month":
        return f"{_MONTHS[first.month - 1]} {first.year}"
    return f"{first.day} {_MONTHS[first.month - 1]} {first.year}"


def days(start: PartialDate | None, end: PartialDate | None) -> str:
    """`14 May 2019`; `14-16 May 2019`; `30 May to 2 June 2019`."""
    if start is None or end is None or start == end:
        return day(start or end)
    if start.precision == end.precision == "day":
        a, b = start.first, end.first
        if (a.year, a.month) == (b.year, b.month):
            return f"{a.day}\u2013{b.day} {_MONTHS[a.month - 1]} {a.year}"
        if a.year == b.year:
            return f"{a.day} {_MONTHS[a.month - 1]} to {day(end)}"
    return f"{day(start)} to {day(end)}"


def when(start: PartialDate | None, end: PartialDate | None) -> str:
    """`on 14 May 2019`; `in May 2019`; `from 30 May to 2 June 2019`."""
    said = days(start, end)
    if " to " in said:
        return f"from {said}"
    known_to_day = start is not None and start.precision == "day"
    return f"{'on' if known_to_day else 'in'} {said}"


def plural(noun: str, count: int) -> str:
    """`representative of X` -> `representatives of X`; `country` -> `countries`."""
    if count == 1:
        return noun
    head, of, rest = noun.partition(" of ")
    if head.endswith("y") and head[-2:-1] not in tuple("aeiou"):
        head = f"{head[:-1]}ies"
    elif head.endswith(("s", "x", "ch", "sh")):
        head = head if head.endswith("s") else f"{head}es"
    else:
        head = f"{head}s"
    return f"{head}{of}{rest}"


def people(role: str, count: int) -> str:
    """`the Vice Mayor`, as there is one; `a professor`, as there are many; `20 students`."""
    if count != 1:
        return f"{count} {plural(role, count)}"
    if _OFFICE.search(role):
        return f"the {role}"
    return f"{'an' if role[:1].lower() in 'aeio' else 'a'} {role}"


def the(name: str) -> str:
    """`the Vietnam Association of ...`, but `Eindhoven University of Technology`."""
    if name.lower().startswith("the ") or name.endswith(_TECHNOLOGY):
        return name
    return f"the {name}" if _BODY.search(name) or name.startswith(_OF) else name


def number(count: int) -> str:
    """Small numbers in words."""
    return _SMALL[count] if 0 <= count < len(_SMALL) else f"{count:,}"


def counted(count: int, noun: str) -> str:
    """`one delegation`, `51 foreign visitors`."""
    return f"{number(count)} {plural(noun, count)}"


def amount(value: Decimal, currency: str, *, approximate: bool = False) -> str:
    """`about 3,000,000 JPY`."""
    whole = value.quantize(Decimal(1)) if value == value.to_integral_value() else value
    return f"{'about ' if approximate else ''}{whole:,} {currency}"


def with_article(country: str) -> str:
    """`the Netherlands`, but `Japan`."""
    return f"the {country}" if country.startswith(_ARTICLE) else country


def sentence(text: str) -> str:
    """Begins with a capital, ends with a full stop, has single spaces."""
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?", '."', ".\u201d")) else f"{text}."
