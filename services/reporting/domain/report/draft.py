"""What a drafted report is made of: sections of sentences, each with the records it rests on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reporting.domain.measures import Question
from services.reporting.domain.plans.judging import Judged
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.records import Records
from services.reporting.domain.report.wording import sentence

__all__ = ["Draft", "Material", "Number", "Section", "Sentence", "Table", "said"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and the subjects of the records it was written from."""

    text: str
    records: tuple[str, ...] = ()
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of texts under heads."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, paragraphs of sentences, tables."""

    id: str
    title: str
    paragraphs: tuple[tuple[Sentence, ...], ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Number:
    """One measure of the year."""

    measure: str
    version: int
    title: str
    value: str
    definition: str
    records: int
    shown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A year's report."""

    unit: str
    unit_name: str
    year: str
    on: date
    known: str
    foreword: str
    sections: tuple[Section, ...]
    closing: str
    numbers: tuple[Number, ...]
    bars: Mapping[str, tuple[tuple[str, int], ...]]
    """Charts: title -> label and number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a draft is written from."""

    question: Question
    year: str
    unit_name: str
    records: Records
    persons: Mapping[str, str]
    """Names that texts may give, by person_ref."""
    unit_names: Callable[[str], str]
    country: Callable[[str], str]
    """A country's English name of its code."""
    plan: Plan | None = None
    targets: Sequence[Judged] = ()
    known: str = ""
    foreword: str = ""
    closing: str = ""


def said(text: str, *records: str, illustrative: bool = False) -> Sentence:
    """A sentence of the report."""
    return Sentence(sentence(text), tuple(dict.fromkeys(records)), illustrative)
