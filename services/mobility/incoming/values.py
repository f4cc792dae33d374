"""What the events of HR and the registrar are made of.

Nothing unknown is let in: a field that is not in the contract may be personal data, so an event
that has one is refused and parked (encrypted), never kept.
"""

import re
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.mobility.events.values import Ref
from services.mobility.events.values import Text as Line
from shared.dates import PartialDate
from shared.texts import CountryCode, UnitPath

_PERSONAL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+|\+\d[\d ()/.-]{6,}\d")
"""What looks like an e-mail address, or like a telephone number: it has no place in an event."""


def _impersonal(value: str) -> str:
    if is_personal(value):
        raise PydanticCustomError("personal_data", "looks like an address or a number of a person")
    return value


def is_personal(value: str) -> bool:
    """True for what looks like a person's address, whatever the field is called."""
    return _PERSONAL.search(value) is not None


Text = Annotated[Line, AfterValidator(_impersonal)]
"""A line about something else than a person."""


def _a_day(value: PartialDate) -> PartialDate:
    if value.precision != "day":
        raise ValueError("say the day: YYYY-MM-DD")
    return value


Day = Annotated[
    PartialDate,
    AfterValidator(_a_day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2019-05-14"]}),
]
Flag = StrictBool
Record = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,79}$"),
    Field(
        description="Your own number of the contract, leave, enrolment or exchange. It ties all"
        " events of one stay together, and stays the same for ever.",
        examples=["HR-2019-0012"],
    ),
]
Person = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"),
    Field(
        description="Stands for the person and says nothing about them; never a name, an e-mail"
        " address or a number that others know.",
        examples=["hr:7f3a09"],
    ),
]
Unit = Annotated[UnitPath, Field(description="The unit whose stay it is.", examples=["hust/me"])]
Points = Annotated[float, Field(ge=0, le=1000, strict=False)]
NamedProgramme = Annotated[
    Ref, Field(description="The named programme's ref in Rapport.", examples=["GPBL"])
]


class Upstream(BaseModel):
    """One statement of HR or the registrar."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OtherInstitution(Upstream):
    """The university, company or other body on the other side: by what you know of it.

    Send the best identifier you have, and the name. A name that matches no partner waits for the
    international office; the event is not lost.
    """

    ref: Ref | None = Field(default=None, description="The international office's own ref.")
    ror: Annotated[str, StringConstraints(max_length=40)] | None = None
    schac: Annotated[str, StringConstraints(max_length=200)] | None = Field(
        default=None, description="Domain, as in `shibaura-it.ac.jp`."
    )
    erasmus: Annotated[str, StringConstraints(max_length=40)] | None = None
    pic: Annotated[str, StringConstraints(pattern=r"^\d{9}$")] | None = None
    name: Text | None = None
    country: CountryCode | None = None

    @model_validator(mode="after")
    def _says_which(self) -> "OtherInstitution":
        if not (self.ref or self.ror or self.schac or self.erasmus or self.pic or self.name):
            raise ValueError("say which one: ref, ror, schac, erasmus, pic or name")
        return self


class Span(Upstream):
    """Planned first and last day, both included."""

    starts_on: Day
    ends_on: Day

    @model_validator(mode="after")
    def _in_order(self) -> "Span":
        if self.ends_on.first < self.starts_on.first:
            raise ValueError("ends_on lies before starts_on")
        return self
