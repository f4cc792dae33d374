"""What reporting publishes about work plans, and the parts that a plan is made of."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal, NewType

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from shared.dates import PartialDate
from shared.facts import Fact, Value
from shared.texts import CountryCode, UnitPath

PlanId = NewType("PlanId", str)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=8000)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]*$", max_length=60)]
Dimension = Literal["management", "students", "staff"]
Form = Literal[
    "at-least",
    "exactly",
    "gated",
    "range",
    "over",
    "stock",
    "union",
    "milestone",
    "named",
    "attribute",
    "rate",
    "qualitative",
]
Progress = Literal["not started", "on track", "at risk", "behind", "met", "missed"]


def _spelled(value: object) -> object:
    """One value or several, as people write them in YAML: yes, 2, [a, b]."""
    many = value if isinstance(value, list | tuple) else [value]
    return tuple(
        ("yes" if each else "no") if isinstance(each, bool) else str(each) for each in many
    )


Wanted = Annotated[
    tuple[Line, ...],
    BeforeValidator(_spelled),
    Field(min_length=1, description="One of these values; `group:<id>` is a country group."),
]


def _year(value: object) -> object:
    """2024, as YAML reads a bare year."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


When = Annotated[PartialDate, BeforeValidator(_year)]


def _listed(value: object) -> object:
    """One thing, where a list of one is meant."""
    return value if isinstance(value, list | tuple) else [value]


class Count(Value):
    """A measure, narrowed by attributes of its records."""

    measure: Line
    where: dict[Line, Wanted] = Field(default={})


class Beside(Count):
    """Something that is counted beside a target, under its own label."""

    label: Line


class Target(Value):
    """One line of a plan: what is to be reached, how it is measured, by when, on what condition."""

    id: Slug
    dimension: Dimension
    text: Text
    form: Form
    number: int | None = Field(default=None, ge=0)
    number_until: int | None = Field(default=None, ge=0, description="The upper end of a range.")
    counts: Annotated[tuple[Count, ...], BeforeValidator(_listed)] = Field(
        default=(), description="What is counted; of several, each person or thing once."
    )
    beside: Annotated[tuple[Beside, ...], BeforeValidator(_listed)] = ()
    of: Count | None = Field(default=None, description="What a rate is divided by.")
    gate: Line | None = Field(default=None, description="The approval that it is subject to.")
    starts_on: date | None = Field(default=None, description="Default: the plan's first day.")
    due_on: date | None = Field(default=None, description="Default: the plan's last day.")
    note: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> "Target":
        numbered = {"at-least", "exactly", "gated", "range", "over", "stock", "union", "attribute"}
        if self.form in numbered and self.number is None:
            raise ValueError(f"the form {self.form!r} needs a `number`")
        if (self.form == "range") != (self.number_until is not None):
            raise ValueError(
                "`number_until` is the upper end of the form 'range', and needed there"
            )
        if self.form == "range" and (self.number_until or 0) < (self.number or 0):
            raise ValueError("`number_until` is smaller than `number`")
        if (self.form == "qualitative") == bool(self.counts):
            raise ValueError("`counts` says what is counted: all forms need it but 'qualitative'")
        if self.form == "union" and len(self.counts) < 2:
            raise ValueError("the form 'union' needs two or more `counts`")
        if self.form == "attribute" and not self.beside:
            raise ValueError("the form 'attribute' needs what is counted `beside`")
        if self.form == "gated" and self.gate is None:
            raise ValueError("the form 'gated' needs its `gate`: the approval it is subject to")
        if self.of is not None and self.form != "rate":
            raise ValueError("only the form 'rate' has an `of`")
        if self.starts_on and self.due_on and self.due_on < self.starts_on:
            raise ValueError("`due_on` lies before `starts_on`")
        return self


class PolicyBasis(Value):
    """The decision or policy that a plan rests on."""

    document: Line
    number: Line | None = None
    on: When | None = None
    issuer: Line | None = None


class CountryGroup(Value):
    """A named list of countries as of a day."""

    id: Slug
    name: Line
    as_of: When
    countries: tuple[CountryCode, ...] = Field(min_length=1)
    source: Line | None = None


class Declared(Value):
    """A number of a past year that has no records here: shown with its source, never added."""

    measure: Line
    year: int = Field(ge=1950, le=2200)
    value: Decimal
    source: Line


class PlanContent(Value):
    """A plan as its issuer wrote it."""

    title: Line
    issued_by: Line = Field(description="The office that issues it: not the unit it is about.")
    issued_on: date
    published_on: date | None = None
    policy_basis: Annotated[tuple[PolicyBasis, ...], BeforeValidator(_listed)] = ()
    strategy: Text | None = None
    country_groups: tuple[CountryGroup, ...] = ()
    declared: tuple[Declared, ...] = ()
    targets: tuple[Target, ...] = Field(min_length=1)
    note: Text | None = None

    @model_validator(mode="after")
    def _unique(self) -> "PlanContent":
        ids = [target.id for target in self.targets]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"targets: these ids stand twice: {', '.join(twice)}")
        groups = {group.id for group in self.country_groups}
        for target in self.targets:
            for count in (*target.counts, *target.beside):
                for name, values in count.where.items():
                    for value in values:
                        wanted = value.removeprefix("group:")
                        if value != wanted and wanted not in groups:
                            raise ValueError(
                                f"target {target.id}: {name} names the group {wanted!r}, which is"
                                " not in `country_groups`"
                            )
        return self


class Approval(Value):
    """A gate was opened."""

    target: Slug
    on: date
    evidence: Text | None = None


class Note(Value):
    """An entry of a target's progress log; `state` says how far a qualitative target is."""

    target: Slug
    on: date
    text: Text
    state: Progress | None = None


class Baseline(Value):
    """What a rate is compared with: a declared figure of a past year, with its source."""

    target: Slug
    value: Decimal = Field(ge=0, description="A share: 0.042 is 4.2 %.")
    year: int = Field(ge=1950, le=2200)
    source: Line


class PlanIssued(PlanContent, Fact):
    """A unit's plan for a year was issued."""

    type: ClassVar[str] = "rapport.reporting.plan-issued.v1"
    unit: UnitPath = Field(description="The unit it is about.")
    year: int = Field(ge=1950, le=2200)


class PlanRevised(PlanContent, Fact):
    """Another wording took the place of the one before."""

    type: ClassVar[str] = "rapport.reporting.plan-revised.v1"


class GateApproved(Fact):
    """What a target was subject to was approved."""

    type: ClassVar[str] = "rapport.reporting.gate-approved.v1"
    target: Slug
    on: date
    approvals: tuple[Approval, ...]


class TargetNoted(Fact):
    """Somebody wrote down how far a target is."""

    type: ClassVar[str] = "rapport.reporting.target-noted.v1"
    target: Slug
    on: date
    notes: tuple[Note, ...]


class BaselineGiven(Fact):
    """A rate can be measured from now on."""

    type: ClassVar[str] = "rapport.reporting.baseline-given.v1"
    target: Slug
    baselines: tuple[Baseline, ...]
