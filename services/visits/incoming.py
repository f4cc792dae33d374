"""What this service reads of others' facts: partners' names, and agreements that visits led to."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from shared.dates import PartialDate

__all__ = [
    "AGREEMENT_FACTS",
    "PARTNER_FACTS",
    "AgreementCorrectedRead",
    "AgreementRead",
    "FollowUpNamed",
    "PartnerCorrectedRead",
    "PartnerName",
    "PartnerRead",
]


class _Narrow(BaseModel):
    """Tolerates whatever else the publisher says."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class PartnerName(_Narrow):
    """A name and the days it was valid on."""

    name: str
    language: str | None = None
    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None


class MergerRead(_Narrow):
    """How a partner was merged: as a duplicate, or as a body that became another on a day."""

    kind: str = "duplicate"
    on: PartialDate | None = None


class PartnerRead(_Narrow):
    """Any fact about a partner: the fields that it sets."""

    ref: str | None = None
    kind: str | None = None
    name: str | None = None
    names: tuple[PartnerName, ...] = ()
    country: str | None = None
    status: str | None = None
    merged_into: str | None = None
    merger: MergerRead | None = None


class FollowUpNamed(_Narrow):
    """The follow-up that an agreement came from; `visit` is an id, or `ref:` and the office's."""

    visit: str
    follow_up: str


class AgreementRead(_Narrow):
    """Any fact about an agreement: the fields that it sets."""

    ref: str | None = None
    title: str | None = None
    follow_up: FollowUpNamed | None = None


class PartnerCorrectedRead(_Narrow):
    """A correction: its changes are merged like the fields of any other fact."""

    changes: PartnerRead


class AgreementCorrectedRead(_Narrow):
    """A correction: its changes are merged like the fields of any other fact."""

    changes: AgreementRead


PARTNER_FACTS: Mapping[str, type[BaseModel]] = {
    "rapport.agreements.partner-registered.v1": PartnerRead,
    "rapport.agreements.partner-recorded.v1": PartnerRead,
    "rapport.agreements.partner-renamed.v1": PartnerRead,
    "rapport.agreements.partner-retired.v1": PartnerRead,
    "rapport.agreements.partner-reinstated.v1": PartnerRead,
    "rapport.agreements.partner-merged.v1": PartnerRead,
    "rapport.agreements.partner-unmerged.v1": PartnerRead,
    "rapport.agreements.partner-corrected.v1": PartnerCorrectedRead,
}
"""By type: what is read of facts about partners."""
AGREEMENT_FACTS: Mapping[str, type[BaseModel]] = {
    "rapport.agreements.agreement-proposed.v1": AgreementRead,
    "rapport.agreements.agreement-recorded.v1": AgreementRead,
    "rapport.agreements.agreement-revised.v1": AgreementRead,
    "rapport.agreements.agreement-amended.v1": AgreementRead,
    "rapport.agreements.agreement-corrected.v1": AgreementCorrectedRead,
}
"""By type: what is read of facts about agreements."""
