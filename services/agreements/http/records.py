"""`/records/<register>/{ref}`: the office's own list, entered and told again."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from services.agreements.events.agreements import AgreementFields
from services.agreements.events.contributions import ContributionFields
from services.agreements.events.joint import JointProgrammeFields, JointProjectFields
from services.agreements.events.partners import PartnerFields
from services.agreements.usecases import rankings
from services.agreements.usecases import records as usecases
from services.agreements.usecases.records import F, Recorded, S, Ways
from shared.database import Transaction
from shared.http import Call, Writes
from shared.lists.rows import takes_rows

router = APIRouter(prefix="/records", tags=["recording the past"])

Ref = Annotated[str, Path(min_length=1, max_length=100, description="The office's own id of it")]


@router.put("/partners/{ref}", response_model=Recorded)
async def record_partner(
    ref: Ref,
    told: Annotated[
        PartnerFields,
        Body(
            examples=[
                {
                    "unit": "nist",
                    "kind": "university",
                    "name": "University of Greater Manchester",
                    "names": [
                        {"name": "University of Bolton", "valid_until": "2024-12"},
                        {"name": "University of Greater Manchester", "valid_from": "2024-12"},
                    ],
                    "country": "GB",
                }
            ]
        ),
    ],
    call: Writes,
) -> Response:
    """Enter a partner as it is now; told again, only what is new is applied."""
    return await _record(call, usecases.PARTNERS, ref, told)


@router.put("/rankings/{ref}", response_model=Recorded)
async def record_position(ref: Ref, told: rankings.Position, call: Writes) -> Response:
    """Where a published ranking has a partner, by the office's ref of it, its id, or `ror:...`."""
    return await call.once(lambda tx: rankings.record_position(tx, call.allow, ref, told))


@router.put("/agreements/{ref}", response_model=Recorded)
async def record_agreement(
    ref: Ref,
    told: Annotated[
        AgreementFields,
        Body(
            examples=[
                {
                    "unit": "hust/me",
                    "kind": "memorandum-of-understanding",
                    "title": "Cooperation in education and research",
                    "parties": [
                        {"party": "hust/me", "side": "ours"},
                        {"party": "ref:P-017", "side": "theirs"},
                    ],
                    "status": "in-force",
                    "signed_on": "2014",
                    "valid_from": "2014",
                }
            ]
        ),
    ],
    call: Writes,
) -> Response:
    """Enter an agreement in its present state; without a status, its dates tell it."""
    return await _record(call, usecases.AGREEMENTS, ref, told)


@router.put("/joint-programmes/{ref}", response_model=Recorded)
async def record_joint_programme(
    ref: Ref,
    told: Annotated[
        JointProgrammeFields,
        Body(
            examples=[
                {
                    "unit": "hust/me",
                    "title": "Mechatronics",
                    "partners": ["ref:P-017"],
                    "pattern": "final-years-abroad",
                    "established_on": "2006",
                }
            ]
        ),
    ],
    call: Writes,
) -> Response:
    """Enter a joint programme in its present state; without a status, its dates tell it."""
    return await _record(call, usecases.JOINT_PROGRAMMES, ref, told)


@router.put("/joint-projects/{ref}", response_model=Recorded)
async def record_joint_project(
    ref: Ref,
    told: Annotated[
        JointProjectFields,
        Body(
            examples=[
                {
                    "unit": "nist",
                    "title": "Computer vision for craft workshops",
                    "partners": ["ref:P-017"],
                    "applied_on": "2023-03",
                    "granted_on": "2023-09",
                    "started_on": "2024-01",
                }
            ]
        ),
    ],
    call: Writes,
) -> Response:
    """Enter a joint project in its present state; without a status, its dates tell it."""
    return await _record(call, usecases.JOINT_PROJECTS, ref, told)


@router.put("/contributions/{ref}", response_model=Recorded)
async def record_contribution(
    ref: Ref,
    told: Annotated[
        ContributionFields,
        Body(
            examples=[
                {
                    "unit": "hust/me",
                    "donors": [{"partner": "ref:P-003"}, {"partner": "ref:P-017"}],
                    "amount": "3000000",
                    "currency": "JPY",
                    "approximate": True,
                    "purpose": "Construction of a welding laboratory",
                    "received_on": "2018",
                    "received_until": "2019",
                }
            ]
        ),
    ],
    call: Writes,
) -> Response:
    """Enter a contribution of the past."""
    return await _record(call, usecases.CONTRIBUTIONS, ref, told)


async def _record(call: Call, ways: Ways[S, F], ref: str, told: F) -> Response:
    return await call.once(
        lambda tx: usecases.record_told(tx, call.allow, ways, ref, told),
        status_of=lambda recorded: 201 if recorded.outcome == "created" else 200,
    )


def _rows(path: str, model: type[F], ways: Ways[S, F]) -> None:
    async def record(call: Call, tx: Transaction, ref: str, told: F) -> Recorded:
        return await usecases.record_told(tx, call.allow, ways, ref, told)

    takes_rows(router, path, model, record)


_rows("/partners", PartnerFields, usecases.PARTNERS)
_rows("/agreements", AgreementFields, usecases.AGREEMENTS)
_rows("/joint-programmes", JointProgrammeFields, usecases.JOINT_PROGRAMMES)
_rows("/joint-projects", JointProjectFields, usecases.JOINT_PROJECTS)
_rows("/contributions", ContributionFields, usecases.CONTRIBUTIONS)


async def _position(call: Call, tx: Transaction, ref: str, told: rankings.Position) -> Recorded:
    return await rankings.record_position(tx, call.allow, ref, told)


takes_rows(router, "/rankings", rankings.Position, _position)
