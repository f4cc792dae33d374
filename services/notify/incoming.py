"""What this service reads of others: enough to name a record and to see what happened to it."""

from typing import Any

from pydantic import BaseModel, ConfigDict

__all__ = ["AGREEMENTS", "MOBILITY", "VISITS", "Read"]


class Read(BaseModel):
    """The fields of any fact that this service keeps; only those that are set are merged."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    unit: str | None = None
    shared_with: list[str] | None = None
    name: str | None = None
    title: str | None = None
    kind: str | None = None
    direction: str | None = None
    status: str | None = None
    country: str | None = None
    parties: list[dict[str, Any]] | None = None
    partners: list[dict[str, Any]] | None = None
    proposed_on: str | None = None
    signed_on: str | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    renewal: dict[str, Any] | None = None
    ended_on: str | None = None
    requested_on: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    who: str | None = None
    role: str | None = None
    partner: str | None = None
    partner_name: str | None = None
    planned_until: str | None = None
    actual_until: str | None = None
    visa_until: str | None = None
    permit_until: str | None = None
    received_on: str | None = None
    source: str | None = None
    refused_on: str | None = None
    count: int | None = None
    reasons: list[dict[str, Any]] | None = None
    events: list[str] | None = None
    changes: dict[str, Any] | None = None

    def merged(self) -> dict[str, Any]:
        """The fields this fact sets; a correction's are its changes."""
        if self.changes is not None:
            return {name: value for name, value in self.changes.items() if name in _KEPT}
        return self.model_dump(exclude_unset=True)


_KEPT = frozenset(Read.model_fields) - {"changes"}

_AGREEMENT = """proposed recorded submitted-for-review reviewed revised approved signed
 entered-into-force renewed amended lapsed withdrawn suspended resumed terminated superseded
 corrected"""
_PARTNER = "registered recorded renamed retired reinstated merged unmerged corrected"
_VISIT = """requested recorded screened planned approved confirmed started completed reported closed
 postponed cancelled corrected"""

_STAY = """nominated recorded approved rejected confirmed started completed transcript-received
 recognised withdrawn no-show extended returned-early corrected"""
_APPOINTMENT = "made recorded ended corrected"


def _reads(prefix: str, words: str) -> dict[str, type[BaseModel]]:
    return {f"rapport.{prefix}-{word}.v1": Read for word in words.split()}


AGREEMENTS = _reads("agreements.agreement", _AGREEMENT) | _reads("agreements.partner", _PARTNER)
VISITS = _reads("visits.visit", _VISIT)
MOBILITY = (
    _reads("mobility.stay", _STAY)
    | _reads("mobility.appointment", _APPOINTMENT)
    | _reads("mobility.upstream", "refused")
)
