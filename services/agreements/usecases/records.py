"""Recording the past: a record entered in its present state, and told again by the office's list.

The first time it is created. Told again, only what the list says otherwise than before is
applied: as the step it implies, or as a correction; or it is refused, and nothing is changed.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from services.agreements import store
from services.agreements.domain import (
    agreement_records,
    partner_records,
)
from services.agreements.domain import (
    contributions as contribution_rules,
)
from services.agreements.domain import (
    joint_programmes as programme_rules,
)
from services.agreements.domain import (
    joint_projects as project_rules,
)
from services.agreements.domain.agreements import Agreement
from services.agreements.domain.contributions import Contribution
from services.agreements.domain.decisions import (
    Decided,
    Record,
    differences,
    fields_of,
    news,
)
from services.agreements.domain.duplicates import mark
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.domain.partners import Partner
from services.agreements.events.agreements import AgreementFields
from services.agreements.events.contributions import ContributionFields
from services.agreements.events.joint import JointProgrammeFields, JointProjectFields
from services.agreements.events.partners import PartnerFields
from services.agreements.events.values import (
    AgreementId,
    ContributionId,
    Filed,
    JointProgrammeId,
    JointProjectId,
    PartnerId,
)
from services.agreements.usecases import agreements, contributions, joint
from services.agreements.usecases.duplicates import look_for_others
from services.agreements.usecases.ground import Allow, must_be_known, must_be_ours, today_of
from services.agreements.usecases.references import resolved
from shared.database import Transaction
from shared.documents import Register
from shared.errors import Rejected
from shared.identity import new_id
from shared.lists.news import Told

S = TypeVar("S", bound=Record)
F = TypeVar("F", bound=Filed)


class Recorded(BaseModel):
    """What became of a record that was told."""

    id: str
    version: int
    outcome: Literal["created", "changed", "unchanged"]
    changed: list[str] = Field(default=[], description="The fields that are other than before")
    warnings: list[str] = Field(default=[], description="What is odd, and was recorded anyway")


@dataclass(frozen=True, kw_only=True)
class Ways(Generic[S, F]):
    """How the records of one register are entered, told again, and checked."""

    register: Register[S]
    record: Callable[[F, date], Decided[S]]
    reconcile: Callable[[S, Told, date], Decided[S]]
    names_what_exists: Callable[[Transaction, S], Awaitable[None]]
    doubts: Callable[[S, F, date], list[str]] = lambda _state, _told, _today: []
    looks_like: Callable[[Transaction, S | None, S], Awaitable[list[str]]] | None = None
    """What else it may be, given what was known before and what is now."""


async def record_told(
    tx: Transaction, allow: Allow, ways: Ways[S, F], ref: str, told: F
) -> Recorded:
    """Enter a record of the past, or apply what the office's list now says otherwise."""
    told = _under_its_ref(await resolved(tx, told), ref)
    must_be_ours(tx, told, allow)
    today = today_of(tx, told.unit)
    known = await ways.register.told_as(tx, ref)
    if known is not None and known.ref is None:
        told = told.model_copy(update={"ref": None})
    said = told.model_dump(mode="json", include=told.model_fields_set)
    name = ways.register.table.name
    if known is None:
        state, facts = ways.record(told, today)
    else:
        allow(known.unit)
        before = await store.told.before(tx, name, ref)
        state, facts = ways.reconcile(known, news(known, told=said, before=before), today)
    await ways.names_what_exists(tx, state)
    await ways.register.save(tx, state, *facts)
    await store.told.keep(tx, name, ref, told=said)
    warnings = ways.doubts(state, told, today)
    if ways.looks_like is not None:
        warnings += await ways.looks_like(tx, known, state)
    return _recorded(known, state, warnings=warnings)


def _under_its_ref(told: F, ref: str) -> F:
    if told.ref not in (None, ref):
        raise Rejected(
            "ref-differs",
            f"the path says {ref!r}, the record {told.ref!r}",
            field="ref",
            status=422,
        )
    return told.model_copy(update={"ref": ref})


def _recorded(known: S | None, state: S, *, warnings: list[str]) -> Recorded:
    changed = [] if known is None else sorted(differences(fields_of(state), of=known))
    return Recorded(
        id=state.id,
        version=state.version,
        outcome="created" if known is None else "changed" if changed else "unchanged",
        changed=changed,
        warnings=warnings,
    )


# --- the five registers --------------------------------------------------------------------------


async def _merged_into_exists(tx: Transaction, partner: Partner) -> None:
    await must_be_known(tx, store.partners, partner.merged_into, field="merged_into")


async def _may_be(tx: Transaction, before: Partner | None, partner: Partner) -> list[str]:
    """Looked at when it comes and when it is called otherwise, not each time that it is told."""
    if before is not None and mark(before) == mark(partner):
        return []
    return [each.warning for each in await look_for_others(tx, partner)]


PARTNERS = Ways[Partner, PartnerFields](
    register=store.partners,
    record=lambda told, _today: partner_records.record(PartnerId(new_id("partner")), told),
    reconcile=lambda partner, told, today: partner_records.reconcile(partner, told, today=today),
    names_what_exists=_merged_into_exists,
    doubts=lambda partner, told, _today: partner_records.doubts(partner, told),
    looks_like=_may_be,
)
AGREEMENTS = Ways[Agreement, AgreementFields](
    register=store.agreements,
    record=lambda told, today: agreement_records.record(
        AgreementId(new_id("agreement")), told, today=today
    ),
    reconcile=lambda agreement, told, today: agreement_records.reconcile(
        agreement, told, today=today
    ),
    names_what_exists=agreements.must_name_what_exists,
    doubts=lambda agreement, _told, today: agreement_records.doubts(agreement, today=today),
)
JOINT_PROGRAMMES = Ways[JointProgramme, JointProgrammeFields](
    register=store.joint_programmes,
    record=lambda told, today: programme_rules.record(
        JointProgrammeId(new_id("joint-programme")), told, today=today
    ),
    reconcile=lambda programme, told, today: programme_rules.reconcile(
        programme, told, today=today
    ),
    names_what_exists=joint.must_name_what_exists,
)
JOINT_PROJECTS = Ways[JointProject, JointProjectFields](
    register=store.joint_projects,
    record=lambda told, today: project_rules.record(
        JointProjectId(new_id("joint-project")), told, today=today
    ),
    reconcile=lambda project, told, today: project_rules.reconcile(project, told, today=today),
    names_what_exists=joint.must_name_what_exists,
)
CONTRIBUTIONS = Ways[Contribution, ContributionFields](
    register=store.contributions,
    record=lambda told, _today: contribution_rules.record(
        ContributionId(new_id("contribution")), told
    ),
    reconcile=lambda contribution, told, _today: contribution_rules.reconcile(contribution, told),
    names_what_exists=contributions.must_name_what_exists,
)
