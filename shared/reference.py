"""Reference data: the units of our own institution(s), from one file that every service loads."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.dates import PartialDate, Period, add_months
from shared.errors import Rejected
from shared.texts import CountryCode, UnitPath

__all__ = ["NameOfUnit", "Reference", "ReferenceInvalid", "Unit"]


class ReferenceInvalid(Exception):
    """The reference file cannot be used; the message says where and why."""


class NameOfUnit(BaseModel):
    """A name that a unit had, or has in a language, from one day to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1, max_length=500)
    language: str | None = None
    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    id: UnitPath
    name: str = Field(min_length=1, max_length=500)
    names: tuple[NameOfUnit, ...] = ()
    zone: str | None = None
    country: CountryCode | None = None
    year: Literal["calendar", "academic"] | None = None
    year_starts_in: Annotated[int, Field(ge=1, le=12)] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit: its id is its path, `hust/me` being part of `hust`."""

    id: str
    name: str
    names: tuple[NameOfUnit, ...]
    zone: str
    country: str
    year_starts_in: int
    note: str | None

    def name_on(self, day: date) -> str:
        """The name that was valid on a day."""
        for dated in self.names:
            if day in Period.spanning(dated.valid_from, dated.valid_until):
                return dated.name
        return self.name


class Reference:
    """All units, by id. Zone, country and year are inherited from the unit above."""

    def __init__(self, units: dict[str, Unit]) -> None:
        self._units = units

    @classmethod
    def load(cls, path: Path) -> "Reference":
        """Read units.yaml. Raises ReferenceInvalid naming the file and the place in it."""
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError) as error:
            raise ReferenceInvalid(f"{path}: cannot be read: {error}") from error
        if not isinstance(raw, dict) or not isinstance(raw.get("units"), list):
            raise ReferenceInvalid(f"{path}: needs a list `units`")
        units: dict[str, Unit] = {}
        for index, item in enumerate(raw["units"]):
            unit = _unit(item, units, where=f"{path}: units[{index}]")
            units[unit.id] = unit
        return cls(units)

    def __iter__(self) -> Any:
        return iter(self._units.values())

    def unit(self, unit: str, *, field: str = "unit") -> Unit:
        """The unit of that id. Raises Rejected("unit-unknown", 422)."""
        try:
            return self._units[unit]
        except KeyError:
            known = ", ".join(sorted(self._units)[:12])
            raise Rejected(
                "unit-unknown",
                f"there is no unit {unit!r}; the reference file has {known}",
                field=field,
                status=422,
            ) from None

    def find(self, unit: str) -> Unit | None:
        """The unit of that id; None for one that the file had once, as old records may name it."""
        return self._units.get(unit)

    @staticmethod
    def covers(ancestor: str, unit: str) -> bool:
        """True if `unit` is `ancestor` or a part of it; "*" covers all."""
        return ancestor in ("*", unit) or unit.startswith(f"{ancestor}/")

    def below(self, unit: str) -> frozenset[str]:
        """The ids of the unit and of all its parts."""
        return frozenset(each for each in self._units if self.covers(unit, each))

    def zone(self, unit: str) -> str:
        return self.unit(unit).zone

    def year(self, unit: str, year: int) -> Period:
        """The days of the unit's year: 2024 of an academic year from September is 2024/2025."""
        first = date(year, self.unit(unit).year_starts_in, 1)
        return Period(first, add_months(first, 12) - timedelta(days=1))

    def year_of(self, unit: str, day: date) -> int:
        """The unit's year that a day lies in, by the calendar year in which it begins."""
        return day.year - (day.month < self.unit(unit).year_starts_in)


def _unit(item: object, known: dict[str, Unit], *, where: str) -> Unit:
    try:
        entry = _Entry.model_validate(item)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ReferenceInvalid(f"{where}.{place}: {first['msg']}") from None
    parent_id = entry.id.rpartition("/")[0]
    parent = known.get(parent_id)
    if parent_id and parent is None:
        raise ReferenceInvalid(f"{where}: put {parent_id!r} before its part {entry.id!r}")
    if entry.id in known:
        raise ReferenceInvalid(f"{where}: {entry.id!r} stands twice")
    zone = entry.zone or (parent.zone if parent else None)
    country = entry.country or (parent.country if parent else None)
    if zone is None or country is None:
        raise ReferenceInvalid(f"{where}: the root unit {entry.id!r} needs `zone` and `country`")
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError) as error:
        raise ReferenceInvalid(f"{where}.zone: {zone!r} is not a time zone") from error
    starts = entry.year_starts_in or (9 if entry.year == "academic" else None)
    if entry.year == "calendar":
        starts = 1
    return Unit(
        id=entry.id,
        name=entry.name,
        names=entry.names,
        zone=zone,
        country=country,
        year_starts_in=starts or (parent.year_starts_in if parent else 1),
        note=entry.note,
    )
