"""What every question in a request has in common, and how records are shown."""

from decimal import Decimal
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, Field

from services.reporting.domain.measures import Behind
from services.reporting.incoming import kind_of

__all__ = ["Known", "On", "OneYear", "RecordView", "UnitAsked", "Year", "link_of", "number_of"]

UnitAsked = Annotated[str, Query(description="A unit with its parts.", examples=["hust/me"])]
Year = Annotated[
    str | None,
    Query(description="2019, or 2018-2019; without it the year of `on`.", examples=["2019"]),
]
OneYear = Annotated[int, Query(ge=1950, le=2200, description="The unit's year.", examples=[2024])]
On = Annotated[
    str | None,
    Query(
        description="When it was so. Default: the period's last day, or today.",
        examples=["2019-12-31"],
    ),
]
Known = Annotated[
    str | None,
    Query(
        description="By when we knew it: an instant, or a day to its end. Default: now.",
        examples=["2020-01-15T12:00:00+07:00"],
    ),
]

_PATHS = {
    "agreement": "/agreements/",
    "partner": "/agreements/partners/",
    "joint-programme": "/agreements/joint-programmes/",
    "joint-project": "/agreements/joint-projects/",
    "contribution": "/agreements/contributions/",
    "visit": "/visits/",
    "stay": "/mobility/stays/",
    "application": "/mobility/applications/",
    "appointment": "/mobility/appointments/",
    "programme": "/mobility/programmes/",
}


class RecordView(BaseModel):
    """A record behind a number."""

    subject: str = Field(examples=["visit-01k9zq3v7c8d2e4f6g8h0j2k4m"])
    label: str
    why: str = Field(description="Why it counts.")
    illustrative: bool = Field(description="Invented for a demonstration.")
    link: str | None = Field(description="Where the record itself can be read.")

    @classmethod
    def of(cls, behind: Behind) -> "RecordView":
        return cls(
            subject=behind.subject,
            label=behind.label,
            why=behind.why,
            illustrative=behind.illustrative,
            link=link_of(behind.subject),
        )


def link_of(subject: str) -> str | None:
    """Where its owner shows a record; None for what has no page of its own."""
    path = _PATHS.get(kind_of(subject))
    return f"{path}{subject}" if path else None


def number_of(value: Decimal | int | None) -> int | float | None:
    """A number as JSON has them: whole ones whole."""
    if value is None or isinstance(value, int):
        return value
    return int(value) if value == value.to_integral_value() else float(value)
