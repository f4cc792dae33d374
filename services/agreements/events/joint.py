"""What is published about joint programmes and joint projects."""

from typing import ClassVar, Literal

from services.agreements.events.values import (
    AgreementId,
    Filed,
    Intake,
    JointProgrammeStatus,
    JointProjectStatus,
    Level,
    PartnerId,
)
from shared.dates import PartialDate
from shared.facts import Correction, Fact
from shared.texts import Line, PersonRef


class JointProgrammePlan(Filed):
    """A curriculum that is to be run with partners."""

    title: Line
    partners: tuple[PartnerId, ...]
    agreement: AgreementId | None = None
    field: Line | None = None
    degrees: tuple[Line, ...] = ()
    pattern: Literal[
        "2+2", "3+1", "final-years-abroad", "dual-degree", "joint-doctorate", "other"
    ] = "other"
    level: Level | None = None
    intakes: tuple[Intake, ...] = ()


class JointProgrammeFields(JointProgrammePlan):
    """A joint programme as it stands."""

    status: JointProgrammeStatus = "planned"
    approved_on: PartialDate | None = None
    established_on: PartialDate | None = None
    closed_on: PartialDate | None = None


class JointProgrammePlanned(JointProgrammeFields, Fact):
    """Work on it began."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-planned.v1"


class JointProgrammeRecorded(JointProgrammeFields, Fact):
    """A joint programme was entered as it is now, with its past."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-recorded.v1"


class JointProgrammeApproved(Fact):
    """It may be run."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-approved.v1"
    approved_on: PartialDate
    status: Literal["approved"]


class JointProgrammeEstablished(Fact):
    """It is run."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-established.v1"
    established_on: PartialDate
    status: Literal["established"]


class JointProgrammeIntakeTaken(Fact):
    """Students began it in a year."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-intake-taken.v1"
    year: int
    students: int
    intakes: tuple[Intake, ...]


class JointProgrammeClosed(Fact):
    """It is no longer run, or was given up."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-closed.v1"
    closed_on: PartialDate
    status: Literal["closed"]


class JointProgrammeCorrected(Correction):
    """Its record was wrong and was mended."""

    type: ClassVar[str] = "rapport.agreements.joint-programme-corrected.v1"


class JointProjectApplication(Filed):
    """Research that is to be done together."""

    title: Line
    partners: tuple[PartnerId, ...]
    agreement: AgreementId | None = None
    leader: PersonRef | None = None
    leader_role: Line | None = None
    funder: Line | None = None
    applied_on: PartialDate | None = None


class JointProjectFields(JointProjectApplication):
    """A joint project as it stands."""

    status: JointProjectStatus = "applied"
    granted_on: PartialDate | None = None
    rejected_on: PartialDate | None = None
    started_on: PartialDate | None = None
    completed_on: PartialDate | None = None


class JointProjectAppliedFor(JointProjectFields, Fact):
    """Its funding was applied for."""

    type: ClassVar[str] = "rapport.agreements.joint-project-applied-for.v1"


class JointProjectRecorded(JointProjectFields, Fact):
    """A joint project was entered as it is now, with its past."""

    type: ClassVar[str] = "rapport.agreements.joint-project-recorded.v1"


class JointProjectGranted(Fact):
    """The funder said yes."""

    type: ClassVar[str] = "rapport.agreements.joint-project-granted.v1"
    granted_on: PartialDate
    status: Literal["granted"]


class JointProjectRejected(Fact):
    """The funder said no."""

    type: ClassVar[str] = "rapport.agreements.joint-project-rejected.v1"
    rejected_on: PartialDate
    status: Literal["rejected"]


class JointProjectStarted(Fact):
    """The work began."""

    type: ClassVar[str] = "rapport.agreements.joint-project-started.v1"
    started_on: PartialDate
    status: Literal["running"]


class JointProjectCompleted(Fact):
    """The work is done."""

    type: ClassVar[str] = "rapport.agreements.joint-project-completed.v1"
    completed_on: PartialDate
    status: Literal["completed"]


class JointProjectCorrected(Correction):
    """Its record was wrong and was mended."""

    type: ClassVar[str] = "rapport.agreements.joint-project-corrected.v1"
