"""`/ewp` and `/{agreement}/ewp`: agreements as Erasmus Without Paper writes them."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from services.agreements.domain.agreements import Agreement
from services.agreements.events.values import AgreementId
from services.agreements.gateways.ewp.terms import Skill
from services.agreements.settings import HEI_IDS
from services.agreements.usecases import ewp as usecases
from shared.http import Call, Reads, Writes
from shared.limits import takes

router = APIRouter(tags=["Erasmus Without Paper"])

_XML: dict[str, Any] = {"application/xml": {"schema": {"type": "string", "format": "binary"}}}
_MAX_BYTES = 8 * 1024 * 1024
_DOCUMENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "An `iias-get-response` of version 7", "content": _XML}
}

Hei = Annotated[
    str | None,
    Query(
        pattern="^[A-Za-z0-9.-]{1,100}$",
        description="Our SCHAC id, where the setting AGREEMENTS_HEI_IDS does not say it",
        examples=["hust.example"],
    ),
]
Language = Annotated[
    str | None,
    Query(
        pattern="^[A-Za-z]{2,3}$",
        description="Which language is needed, where no copy that was imported says it",
    ),
]
CefrLevel = Annotated[str | None, Query(pattern="^[ABC][12]$", description="How well")]


@router.post(
    "/ewp/iias",
    response_model=usecases.Imported,
    openapi_extra={"requestBody": {"required": True, "content": _XML}},
    responses={201: {"model": usecases.Imported, "description": "An agreement was entered"}},
)
@takes(_MAX_BYTES)
async def import_iias(
    request: Request,
    call: Writes,
    unit: Annotated[str, Query(description="Our unit that agrees", examples=["hust/me"])],
    hei: Hei = None,
    entered: Annotated[
        usecases.Entered | None,
        Query(description="How a new one is entered; by default: in effect, it is recorded"),
    ] = None,
) -> Response:
    """Every agreement of a partner's document, or of ours from another system.

    New ones are entered; of known ones the copy is kept, and nothing is changed: see what differs.
    """
    received = await request.body()
    document = await asyncio.to_thread(usecases.valid, received)
    our_hei = usecases.institution(_hei_ids(call), unit, hei)
    return await call.once(
        lambda tx: usecases.import_document(
            tx, call.allow, document, received, unit=unit, our_hei=our_hei, entered=entered
        ),
        status_of=lambda imported: (
            201 if any(each.outcome == "created" for each in imported.agreements) else 200
        ),
    )


@router.get("/{agreement}/ewp", response_class=Response, responses=_DOCUMENT)
async def export_iia(
    agreement: AgreementId,
    call: Reads,
    hei: Hei = None,
    language: Language = None,
    cefr_level: CefrLevel = None,
) -> Response:
    """Our copy of it, with its hash; what the format cannot hold is refused with the reason."""
    document = await call.read(
        lambda tx: usecases.our_copy(
            tx, agreement, hei_ids=_hei_ids(call), hei=hei, skill=_skill(language, cefr_level)
        )
    )
    return _file(document, f"{agreement}.xml")


@router.get("/{agreement}/ewp/received", response_class=Response, responses=_DOCUMENT)
async def received_iia(agreement: AgreementId, call: Writes) -> Response:
    """The partner's newest copy: the document that it came in, byte for byte."""
    copy, document = await call.read(lambda tx: usecases.their_copy(tx, agreement))
    return _file(document, f"{agreement}-received-{copy.sha256[:12]}.xml")


@router.delete("/{agreement}/ewp/received", response_model=usecases.Forgotten)
async def forget_received_iias(agreement: AgreementId, call: Writes) -> Response:
    """Destroy every document received for it: it names persons. The hashes stay."""
    return await call.once(lambda tx: usecases.forget_copies(tx, call.allow, agreement))


@router.get("/{agreement}/ewp/differences")
async def iia_differences(
    agreement: AgreementId,
    call: Reads,
    hei: Hei = None,
    language: Language = None,
    cefr_level: CefrLevel = None,
) -> usecases.Differences:
    """What our copy and the partner's newest say otherwise: by meaning, not by spelling."""
    return await call.read(
        lambda tx: usecases.differences(
            tx, agreement, hei_ids=_hei_ids(call), hei=hei, skill=_skill(language, cefr_level)
        )
    )


@router.post("/{agreement}/ewp/approvals", response_model=Agreement)
async def approve_iia(
    agreement: AgreementId,
    command: usecases.ApproveHash,
    call: Writes,
    language: Language = None,
    cefr_level: CefrLevel = None,
) -> Response:
    """One side approved the other's copy by its hash: an approval of the agreement."""
    return await call.once(
        lambda tx: usecases.approve_hash(
            tx,
            call.allow,
            agreement,
            command,
            hei_ids=_hei_ids(call),
            skill=_skill(language, cefr_level),
        )
    )


def _hei_ids(call: Call) -> Mapping[str, str]:
    known: Mapping[str, str] = call.context.parts[HEI_IDS]
    return known


def _skill(language: str | None, level: str | None) -> Skill | None:
    return None if language is None else Skill(language=language.lower(), level=level)


def _file(document: bytes, name: str) -> Response:
    headers = {
        "content-disposition": f'attachment; filename="{name}"',
        "x-content-type-options": "nosniff",
    }
    return Response(document, media_type="application/xml", headers=headers)
