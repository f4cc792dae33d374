"""What reporting reads of others' facts, by topic; and the records that these facts fold into."""

from services.reporting.incoming.agreements import (
    AGREEMENTS,
    Agreement,
    Contribution,
    JointProgramme,
    JointProject,
    Partner,
)
from services.reporting.incoming.mobility import (
    MOBILITY,
    Application,
    Appointment,
    Headcount,
    NamedProgramme,
    Stay,
)
from services.reporting.incoming.reading import Record
from services.reporting.incoming.visits import VISITS, Visit

__all__ = ["AGREEMENTS", "FIELDS", "KINDS", "MOBILITY", "VISITS", "kind_of"]

KINDS: dict[str, type[Record]] = {
    "partner": Partner,
    "agreement": Agreement,
    "joint-programme": JointProgramme,
    "joint-project": JointProject,
    "contribution": Contribution,
    "visit": Visit,
    "stay": Stay,
    "application": Application,
    "appointment": Appointment,
    "programme": NamedProgramme,
    "headcount": Headcount,
}
"""The word in a subject's id, and what its facts fold into."""

FIELDS: dict[str, frozenset[str]] = {
    kind: frozenset(field.alias or name for name, field in record.model_fields.items())
    for kind, record in KINDS.items()
}
"""The names, as on the wire, of what is read of each kind."""


def kind_of(subject: str) -> str:
    """`joint-programme-01k9...` -> `joint-programme`."""
    return subject.rpartition("-")[0]
