"""What reporting reads of `agreements.events`: partners, agreements, joint work, contributions."""

from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from services.reporting.incoming.reading import Read, Record
from shared.dates import PartialDate

__all__ = [
    "AGREEMENTS",
    "Agreement",
    "Contribution",
    "JointProgramme",
    "JointProject",
    "Partner",
    "Party",
    "Ranked",
]


class DatedName(Read):
    """A name and the days it was valid on."""

    name: str
    language: str | None = None
    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None


class SecondCountry(Read):
    """A country beside the seat: the one it represents, or its parent's."""

    country: str
    relation: str = ""


class Ranked(Read):
    """A position, or a band of positions, in one edition of a ranking."""

    ranking: str
    edition: int
    published_on: date
    position: int
    position_until: int | None = None


class Merger(Read):
    """How a partner was merged: as a duplicate, or as a body that became another on a day."""

    kind: str = "duplicate"
    on: PartialDate | None = None


class Partner(Record):
    """An outside body, foreign or domestic."""

    kind: str = ""
    name: str = ""
    names: tuple[DatedName, ...] = ()
    aliases: tuple[str, ...] = ()
    country: str = ""
    second_country: SecondCountry | None = None
    rankings: tuple[Ranked, ...] = ()
    status: str = "active"
    merged_into: str | None = None
    merger: Merger | None = None


class PartnerCorrected(Read):
    """New values by field."""

    changes: Partner


class Party(Read):
    """One who agrees."""

    party: str
    side: str


class Renewal(Read):
    """What happens at the end."""

    rule: str = "none"


class Suspension(Read):
    """Days on which it did not bind; null: still so."""

    suspended_from: PartialDate
    suspended_until: PartialDate | None = None


class LedFrom(Read):
    """The follow-up of a visit that an agreement came from."""

    visit: str
    follow_up: str = ""


class Agreement(Record):
    """What was agreed, between whom, and for how long."""

    kind: str = ""
    title: str = ""
    parties: tuple[Party, ...] = ()
    status: str = ""
    proposed_on: PartialDate | None = None
    signed_on: PartialDate | None = None
    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None
    renewal: Renewal = Renewal()
    suspensions: tuple[Suspension, ...] = ()
    ended_on: PartialDate | None = None
    balance_unit: str = "student-semesters"
    follow_up: LedFrom | None = None
    supersedes: str | None = None


class AgreementCorrected(Read):
    """New values by field."""

    changes: Agreement


class JointProgramme(Record):
    """A curriculum run with partners."""

    title: str = ""
    partners: tuple[str, ...] = ()
    agreement: str | None = None
    pattern: str = ""
    level: str | None = None
    status: str = ""
    approved_on: PartialDate | None = None
    established_on: PartialDate | None = None
    closed_on: PartialDate | None = None


class JointProgrammeCorrected(Read):
    """New values by field."""

    changes: JointProgramme


class JointProject(Record):
    """Research done together."""

    title: str = ""
    partners: tuple[str, ...] = ()
    agreement: str | None = None
    leader: str | None = None
    leader_role: str | None = None
    funder: str | None = None
    status: str = ""
    applied_on: PartialDate | None = None
    granted_on: PartialDate | None = None
    rejected_on: PartialDate | None = None
    started_on: PartialDate | None = None
    completed_on: PartialDate | None = None


class JointProjectCorrected(Read):
    """New values by field."""

    changes: JointProject


class Donor(Read):
    """Who gave; the share is null where it is not known."""

    partner: str
    amount: Decimal | None = None


class Contribution(Record):
    """Money or goods that partners gave."""

    donors: tuple[Donor, ...] = ()
    amount: Decimal = Decimal(0)
    currency: str = ""
    approximate: bool = False
    form: str = "money"
    purpose: str = ""
    received_on: PartialDate | None = None
    received_until: PartialDate | None = None
    agreement: str | None = None


class ContributionCorrected(Read):
    """New values by field."""

    changes: Contribution


AGREEMENTS: dict[str, type[BaseModel]] = {
    "rapport.agreements.partner-registered.v1": Partner,
    "rapport.agreements.partner-recorded.v1": Partner,
    "rapport.agreements.partner-renamed.v1": Partner,
    "rapport.agreements.partner-identified.v1": Partner,
    "rapport.agreements.partner-ranked.v1": Partner,
    "rapport.agreements.partner-retired.v1": Partner,
    "rapport.agreements.partner-reinstated.v1": Partner,
    "rapport.agreements.partner-aliases-changed.v1": Partner,
    "rapport.agreements.partner-merged.v1": Partner,
    "rapport.agreements.partner-absorbed.v1": Partner,
    "rapport.agreements.partner-unmerged.v1": Partner,
    "rapport.agreements.partner-released.v1": Partner,
    "rapport.agreements.partner-corrected.v1": PartnerCorrected,
    "rapport.agreements.agreement-proposed.v1": Agreement,
    "rapport.agreements.agreement-recorded.v1": Agreement,
    "rapport.agreements.agreement-submitted-for-review.v1": Agreement,
    "rapport.agreements.agreement-reviewed.v1": Agreement,
    "rapport.agreements.agreement-revised.v1": Agreement,
    "rapport.agreements.agreement-approved.v1": Agreement,
    "rapport.agreements.agreement-signed.v1": Agreement,
    "rapport.agreements.agreement-entered-into-force.v1": Agreement,
    "rapport.agreements.agreement-renewed.v1": Agreement,
    "rapport.agreements.agreement-amendment-proposed.v1": Agreement,
    "rapport.agreements.agreement-amendment-approved.v1": Agreement,
    "rapport.agreements.agreement-amended.v1": Agreement,
    "rapport.agreements.agreement-amendment-withdrawn.v1": Agreement,
    "rapport.agreements.agreement-places-changed.v1": Agreement,
    "rapport.agreements.agreement-lapsed.v1": Agreement,
    "rapport.agreements.agreement-withdrawn.v1": Agreement,
    "rapport.agreements.agreement-suspended.v1": Agreement,
    "rapport.agreements.agreement-resumed.v1": Agreement,
    "rapport.agreements.agreement-terminated.v1": Agreement,
    "rapport.agreements.agreement-superseded.v1": Agreement,
    "rapport.agreements.agreement-document-added.v1": Agreement,
    "rapport.agreements.agreement-document-removed.v1": Agreement,
    "rapport.agreements.agreement-corrected.v1": AgreementCorrected,
    "rapport.agreements.joint-programme-planned.v1": JointProgramme,
    "rapport.agreements.joint-programme-recorded.v1": JointProgramme,
    "rapport.agreements.joint-programme-approved.v1": JointProgramme,
    "rapport.agreements.joint-programme-established.v1": JointProgramme,
    "rapport.agreements.joint-programme-intake-taken.v1": JointProgramme,
    "rapport.agreements.joint-programme-closed.v1": JointProgramme,
    "rapport.agreements.joint-programme-corrected.v1": JointProgrammeCorrected,
    "rapport.agreements.joint-project-applied-for.v1": JointProject,
    "rapport.agreements.joint-project-recorded.v1": JointProject,
    "rapport.agreements.joint-project-granted.v1": JointProject,
    "rapport.agreements.joint-project-rejected.v1": JointProject,
    "rapport.agreements.joint-project-started.v1": JointProject,
    "rapport.agreements.joint-project-completed.v1": JointProject,
    "rapport.agreements.joint-project-corrected.v1": JointProjectCorrected,
    "rapport.agreements.contribution-received.v1": Contribution,
    "rapport.agreements.contribution-recorded.v1": Contribution,
    "rapport.agreements.contribution-corrected.v1": ContributionCorrected,
}
