"""The parts that states and facts are made of: words of the office with their limits."""

from datetime import date
from typing import Annotated, Literal, NewType

from pydantic import BeforeValidator, Field

from shared.dates import PartialDate
from shared.facts import Value
from shared.texts import CountryCode, Line, Text

PartnerId = NewType("PartnerId", str)
AgreementId = NewType("AgreementId", str)
JointProgrammeId = NewType("JointProgrammeId", str)
JointProjectId = NewType("JointProjectId", str)
ContributionId = NewType("ContributionId", str)
VisitId = NewType("VisitId", str)
UnitId = NewType("UnitId", str)
DocumentId = NewType("DocumentId", str)


def _digits(amount: object) -> object:
    """A whole number, as spreadsheets give it, is written out; a float is not exact: refused."""
    return str(amount) if isinstance(amount, int) and not isinstance(amount, bool) else amount


Amount = Annotated[
    str,
    BeforeValidator(_digits),
    Field(pattern=r"^\d{1,15}(\.\d{1,4})?$", description="A decimal", examples=["3000000"]),
]

Side = Literal["ours", "theirs"]
Verdict = Literal["agrees", "asks-for-changes"]
PartnerKind = Literal[
    "university",
    "research-institute",
    "company",
    "government",
    "association",
    "funding-agency",
    "network",
    "placement-agency",
]
Scheme = Literal["ror", "schac", "erasmus", "pic", "oid", "tax", "local"]
PartnerStatus = Literal["active", "retired", "merged"]
AgreementKind = Literal[
    "memorandum-of-understanding",
    "exchange",
    "dual-degree",
    "joint-degree",
    "joint-doctorate",
    "joint-training",
    "internship",
    "research",
    "technology-transfer",
    "sponsorship",
]
AgreementStatus = Literal[
    "proposed",
    "under-review",
    "approved",
    "signed",
    "in-force",
    "lapsed",
    "withdrawn",
    "suspended",
    "terminated",
    "superseded",
]
JointProgrammeStatus = Literal["planned", "approved", "established", "closed"]
JointProjectStatus = Literal["applied", "granted", "rejected", "running", "completed"]
Level = Literal["bachelor", "master", "doctoral"]
EqfLevel = Annotated[int, Field(ge=1, le=8)]
MobilityKind = Literal[
    "exchange-study",
    "joint-programme",
    "dual-degree",
    "full-degree",
    "internship",
    "camp",
    "project-based",
    "conference",
    "research",
    "postdoc",
    "teaching",
    "training",
]
"""The kinds of stays, in the words of the facts that mobility publishes."""
BalanceUnit = Literal["student-semesters", "students"]
Year = Annotated[int, Field(ge=1950, le=2200)]


class Filed(Value):
    """What stands in every record: whose it is, and what the office says beside it."""

    unit: UnitId = Field(description="The owning unit", examples=["hust/me"])
    shared_with: tuple[UnitId, ...] = ()
    ref: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="The office's own id of it, unique in its register"
    )
    illustrative: bool = Field(default=False, description="Invented for a demonstration")
    note: Text | None = None


LanguageTag = Annotated[str, Field(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]


class PartnerName(Value):
    """A name and the days it was valid on (both included; null: open)."""

    name: Line
    language: LanguageTag | None = None
    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None


class SecondCountry(Value):
    """A country beside the seat: the one it represents, or the one of its parent."""

    country: CountryCode
    relation: Literal["represents", "parent"]


class Identifier(Value):
    """An id that somebody else gave the partner; unique per scheme."""

    scheme: Scheme
    value: Annotated[str, Field(min_length=1, max_length=100)]


class Ranking(Value):
    """A position (or band, `position` to `position_until`) in one edition of a ranking."""

    ranking: Literal["qs", "the", "arwu"]
    edition: int = Field(ge=1990, le=2200)
    published_on: date
    position: int = Field(ge=1)
    position_until: int | None = Field(default=None, ge=1)


MergerKind = Literal["duplicate", "institutional"]


class Moved(Value):
    """What went from a partner to the one that it was merged into, and goes back if they part."""

    identifiers: tuple[Identifier, ...] = ()
    aliases: tuple[Line, ...] = ()
    rankings: tuple[Ranking, ...] = ()


class Merger(Value):
    """How a partner came to be merged: one body entered twice, or two that became one on a day."""

    kind: MergerKind
    on: PartialDate
    was: Literal["active", "retired"] = "active"
    moved: Moved = Moved()


class Party(Value):
    """One who agrees: a unit of ours, or a partner."""

    party: str = Field(description="A unit's id (ours) or a partner's id (theirs)")
    side: Side
    role: Line = "party"
    signatory: Line | None = Field(default=None, description="The office that signs, no name")


class Approval(Value):
    """One side's consent; not a signature."""

    side: Side
    on: PartialDate
    evidence: Text | None = None


class Review(Value):
    """What one reviewer says of the proposal; null: nothing yet."""

    reviewer: Line = Field(description="A role, an office or a person_ref, no name")
    verdict: Verdict | None = None
    on: PartialDate | None = None
    note: Text | None = None


class Signature(Value):
    """One party's signature."""

    party: str
    on: PartialDate
    evidence: Text | None = None


class Suspension(Value):
    """Days on which it was in force and did not bind, both included (null: still so)."""

    suspended_from: PartialDate
    suspended_until: PartialDate | None = None


class Renewal(Value):
    """What happens at the end: nothing, an extension unless notice is given, or on agreement."""

    rule: Literal["none", "tacit", "by-agreement"] = "none"
    months: int | None = Field(default=None, ge=1, le=600, description="Length of one extension")
    notice_months: int | None = Field(default=None, ge=0, le=120)


class Places(Value):
    """How many may go one way in each year: at most. 2025 is the year that begins in 2025."""

    direction: Literal["in", "out"]
    maximum: int = Field(ge=0, le=10_000)
    kind: MobilityKind | None = Field(default=None, description="Of stay; null: of any kind")
    levels: tuple[EqfLevel, ...] = Field(default=(), description="EQF levels; none: of any level")
    from_year: Year | None = Field(
        default=None, description="The first academic year; null: from the first one on"
    )
    until_year: Year | None = Field(
        default=None, description="The last academic year; null: to the last one"
    )


DocumentKind = Literal["agreement", "amendment", "approval", "signature", "letter", "other"]


class Document(Value):
    """A file that is kept with the record: what it is, and what its bytes are known by."""

    id: DocumentId
    title: Annotated[Line, Field(max_length=200)]
    kind: DocumentKind
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=1, description="In bytes")
    superseded_by: DocumentId | None = Field(
        default=None, description="The document that took its place"
    )


class PolicyBasis(Value):
    """The decision or policy that it rests on."""

    document: Line
    number: Line | None = None
    on: PartialDate | None = None
    issuer: Line | None = None


class FollowUp(Value):
    """The follow-up of a visit that it came from."""

    visit: VisitId
    follow_up: str = Field(min_length=1, max_length=100)


class Intake(Value):
    """Students taken in, in one year."""

    year: int = Field(ge=1950, le=2200)
    students: int = Field(ge=0)


class Donor(Value):
    """Who gave, and its share; null where the shares of a joint gift are not known."""

    partner: PartnerId
    amount: Amount | None = None
