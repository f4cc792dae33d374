"""The facts that this service publishes: its public contract.

`FACTS` is all of them; a test compares it with what the modules define.
"""

from services.reporting.events.plans import (
    BaselineGiven,
    GateApproved,
    PlanIssued,
    PlanRevised,
    TargetNoted,
)
from services.reporting.events.reports import ReportPublished, ReportTextWritten
from shared.facts import Fact

__all__ = [
    "FACTS",
    "BaselineGiven",
    "GateApproved",
    "PlanIssued",
    "PlanRevised",
    "ReportPublished",
    "ReportTextWritten",
    "TargetNoted",
]

FACTS: tuple[type[Fact], ...] = (
    PlanIssued,
    PlanRevised,
    GateApproved,
    TargetNoted,
    BaselineGiven,
    ReportTextWritten,
    ReportPublished,
)
