"""What mobility reads of `agreements.events`: who partners are, and what agreements cover.

Only the fields named here are looked at; everything else may change without a word to us. A field
that a fact does not set is absent from `model_fields_set`.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.dates import PartialDate


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Identifier(_Read):
    """A partner's id in someone's register."""

    scheme: str
    value: str


class Name(_Read):
    """A name that a partner has or had."""

    name: str


class Merger(_Read):
    """How a partner was merged: as a duplicate, or as a body that became another on a day."""

    kind: str = "duplicate"


class PartnerRead(_Read):
    """Any fact of a partner."""

    ref: str | None = None
    kind: str | None = None
    name: str | None = None
    names: tuple[Name, ...] = ()
    aliases: tuple[str, ...] = ()
    country: str | None = None
    identifiers: tuple[Identifier, ...] = ()
    status: str | None = None
    merged_into: str | None = None
    merger: Merger | None = None


class AgreementRead(_Read):
    """Any fact of an agreement."""

    ref: str | None = None
    kind: str | None = None
    title: str | None = None
    status: str | None = None
    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None


class JointProgrammeRead(_Read):
    """Any fact of a joint programme."""

    ref: str | None = None
    title: str | None = None
    status: str | None = None


class CorrectedRead(_Read):
    """A correction of any of them: new values by field."""

    changes: dict[str, Any]


_AGREEMENTS = "rapport.agreements."

_PARTNER = (
    "registered",
    "recorded",
    "renamed",
    "identified",
    "aliases-changed",
    "retired",
    "reinstated",
    "merged",
    "absorbed",
    "unmerged",
    "released",
)

PARTNERS: dict[str, type[BaseModel]] = {
    f"{_AGREEMENTS}partner-{word}.v1": PartnerRead for word in _PARTNER
} | {f"{_AGREEMENTS}partner-corrected.v1": CorrectedRead}

AGREEMENTS: dict[str, type[BaseModel]] = {
    f"{_AGREEMENTS}agreement-{word}.v1": AgreementRead
    for word in (
        "proposed",
        "recorded",
        "submitted-for-review",
        "reviewed",
        "revised",
        "approved",
        "signed",
        "entered-into-force",
        "renewed",
        "amended",
        "lapsed",
        "withdrawn",
        "suspended",
        "resumed",
        "terminated",
        "superseded",
    )
} | {f"{_AGREEMENTS}agreement-corrected.v1": CorrectedRead}

JOINT_PROGRAMMES: dict[str, type[BaseModel]] = {
    f"{_AGREEMENTS}joint-programme-{word}.v1": JointProgrammeRead
    for word in ("planned", "recorded", "approved", "established", "closed")
} | {f"{_AGREEMENTS}joint-programme-corrected.v1": CorrectedRead}

READS: dict[str, type[BaseModel]] = PARTNERS | AGREEMENTS | JOINT_PROGRAMMES
