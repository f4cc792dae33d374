"""The typesetter: a draft as PDF, the same bytes for the same draft."""

import json
import unicodedata
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from services.reporting.domain.report.draft import Draft
from services.reporting.domain.report.wording import day
from shared.errors import Rejected

if TYPE_CHECKING:
    import typst

__all__ = ["typeset", "unprintable"]

log = structlog.get_logger()

_FAMILIES = (
    "Libertinus Serif",
    "Noto Serif CJK SC",
    "Noto Sans CJK SC",
    "Noto Serif CJK JP",
    "Noto Sans CJK JP",
    "Source Han Serif SC",
    "WenQuanYi Zen Hei",
    "IPAexGothic",
    "DejaVu Sans",
)
"""In this order; the first is in the typesetter itself and has Latin with Vietnamese, Greek and
Cyrillic, but no Chinese, Japanese or Korean: these need one of the next."""
_EAST_ASIAN = frozenset(_FAMILIES[1:-1])


def typeset(draft: Draft, *, timestamp: int, fonts: Iterable[Path] = ()) -> bytes:
    """The draft as PDF. `timestamp` (unix seconds) is written into it, `fonts` are more folders.

    Raises Rejected("pdf-unavailable", 501) where the typesetter is not installed.
    """
    try:
        import typst
    except ImportError:
        raise Rejected(
            "pdf-unavailable",
            "PDF needs the extra `reports` (pip install 'rapport[reports]'); HTML and JSON do not",
            field="format",
            status=501,
        ) from None
    known = typst.Fonts(True, True, [str(folder) for folder in fonts])
    families = set(known.families())
    data = _data(draft, [family for family in _FAMILIES if family in families])
    missing = unprintable(_texts(data), families)
    if missing:
        log.warning("font-missing", characters="".join(missing[:20]), count=len(missing))
        data["illustrative"] += (
            f"; {len(missing)} East Asian characters have no font here and are left blank "
            "(install Noto CJK, or read the HTML)"
        )
    source = resources.files("services.reporting").joinpath("templates/report.typ").read_bytes()
    return _compile(typst.Compiler(source, font_paths=known), data, timestamp)


def _compile(compiler: "typst.Compiler", data: dict[str, Any], timestamp: int) -> bytes:
    content = compiler.compile(
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        timestamp=timestamp,
    )
    assert isinstance(content, bytes)  # noqa: S101 - a PDF is one file
    return content


def unprintable(texts: Iterable[str], families: set[str]) -> list[str]:
    """East Asian characters that none of these families has."""
    if families & _EAST_ASIAN:
        return []
    return sorted(
        {
            character
            for text in texts
            for character in text
            if ord(character) > 0x2E7F and unicodedata.east_asian_width(character) in "WF"
        }
    )


def _data(draft: Draft, fonts: list[str]) -> dict[str, Any]:
    illustrative = any(
        sentence.illustrative
        for section in draft.sections
        for paragraph in section.paragraphs
        for sentence in paragraph
    )
    return {
        "title": f"Annual report {draft.year}: {draft.unit_name}",
        "unit_name": draft.unit_name,
        "year": draft.year,
        "on": day(draft.on),
        "known": draft.known[:10],
        "illustrative": ", some of them illustrative" if illustrative else "",
        "fonts": fonts,
        "foreword": _paragraphs(draft.foreword),
        "closing": _paragraphs(draft.closing),
        "sections": [
            {
                "title": section.title,
                "paragraphs": [
                    " ".join(sentence.text for sentence in paragraph)
                    for paragraph in section.paragraphs
                ],
                "tables": [
                    {
                        "title": table.title,
                        "heads": table.heads,
                        "rows": table.rows,
                        "widths": _widths(table.heads, table.rows),
                    }
                    for table in section.tables
                    if table.rows
                ],
            }
            for section in draft.sections
        ],
        "charts": [
            {
                "title": title,
                "bars": [
                    {"label": label, "number": number, "share": number / max(n for _, n in bars)}
                    for label, number in bars
                ],
            }
            for title, bars in draft.bars.items()
        ],
        "numbers": [
            {
                "title": f"{each.title} ({each.measure} v{each.version})",
                "value": f"{each.value}{f' ({each.shown})' if each.shown else ''}",
                "rule": each.definition,
            }
            for each in draft.numbers
        ],
    }


def _paragraphs(text: str) -> list[str]:
    return [each.strip() for each in text.split("\n\n") if each.strip()]


def _widths(heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> list[int]:
    """Columns as wide as their longest text asks for, within reason."""
    return [
        max(6, min(40, max(len(row[index]) for row in (heads, *rows))))
        for index in range(len(heads))
    ]


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)
