"""The records that a measure is computed from, as they were known at one instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.reporting.incoming.agreements import (
    Agreement,
    Contribution,
    JointProgramme,
    JointProject,
    Partner,
)
from services.reporting.incoming.mobility import (
    Application,
    Appointment,
    Headcount,
    NamedProgramme,
    Stay,
)
from services.reporting.incoming.visits import Visit
from shared.dates import PartialDate

__all__ = ["Records", "name_on"]


@dataclass(frozen=True, kw_only=True)
class Records:
    """By kind and subject. Kinds that were not asked for are empty."""

    partners: Mapping[str, Partner] = field(default_factory=dict)
    agreements: Mapping[str, Agreement] = field(default_factory=dict)
    joint_programmes: Mapping[str, JointProgramme] = field(default_factory=dict)
    joint_projects: Mapping[str, JointProject] = field(default_factory=dict)
    contributions: Mapping[str, Contribution] = field(default_factory=dict)
    visits: Mapping[str, Visit] = field(default_factory=dict)
    stays: Mapping[str, Stay] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)
    appointments: Mapping[str, Appointment] = field(default_factory=dict)
    programmes: Mapping[str, NamedProgramme] = field(default_factory=dict)
    headcounts: Mapping[str, Headcount] = field(default_factory=dict)

    @classmethod
    def of(cls, by_kind: Mapping[str, Mapping[str, Any]]) -> "Records":
        """From the words in ids: {"joint-programme": {...}}."""
        return cls(**{f"{kind.replace('-', '_')}s": found for kind, found in by_kind.items()})

    def canonical(self, partner: str, on: PartialDate | None = None) -> str:
        """Which partner this one was on a day (now, without one): the one that it was merged into,
        at last; itself if it was not.

        A duplicate always was the one that is left. Of two bodies that became one, each was itself
        before the day of their merger.
        """
        seen = {partner}
        while (known := self.partners.get(partner)) is not None and known.merged_into:
            if on is not None and not _merged_on(known, on):
                break
            partner = known.merged_into
            if partner in seen:  # two records that name each other: either is as good
                break
            seen.add(partner)
        return partner

    def partner(self, subject: str | None, on: PartialDate | None = None) -> Partner | None:
        """The partner that one of that id was on a day; None if it is not known (yet)."""
        return None if subject is None else self.partners.get(self.canonical(subject, on))

    def country_of(self, partner: Partner) -> str:
        """The country that a partner stands for: the one it represents, else that of its seat."""
        second = partner.second_country
        if second is not None and second.relation == "represents":
            return second.country
        return partner.country

    def partner_name(self, subject: str, on: PartialDate | None = None) -> str:
        """What a partner was called on a day (now, without one); its id if it is not known yet."""
        known = self.partner(subject, on)
        if known is None:
            return subject
        return name_on(known, on) if on else known.name

    def programme_name(self, subject: str) -> str:
        known = self.programmes.get(subject)
        return known.name if known else subject


def _merged_on(partner: Partner, on: PartialDate) -> bool:
    merger = partner.merger
    if merger is None or merger.kind != "institutional" or merger.on is None:
        return True
    return merger.on.first <= on.first


def name_on(partner: Partner, on: PartialDate) -> str:
    """The name that was valid on the first day that `on` can mean, English before others.

    The present name where no dated one covers the day.
    """
    day = on.first
    valid = [
        each
        for each in partner.names
        if (each.valid_from is None or each.valid_from.first <= day)
        and (each.valid_until is None or day <= each.valid_until.last)
    ]
    if not valid or any(each.name == partner.name for each in valid):
        return partner.name
    return min(valid, key=lambda each: each.language not in ("en", None)).name
