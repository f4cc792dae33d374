"""`/stays`"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.mobility import store
from services.mobility.domain import stays as rules
from services.mobility.domain.stays import Stay
from services.mobility.events.values import (
    Direction,
    Kind,
    Level,
    Ref,
    Source,
    StayId,
    StayStatus,
    Who,
)
from services.mobility.http.lists import (
    After,
    IdParameter,
    Limit,
    PartnerParameter,
    PersonParameter,
    Unit,
    page,
)
from services.mobility.usecases import stays as usecases
from services.mobility.usecases.ground import Correct
from services.mobility.usecases.stays import Dated, Extend, ReceiveTranscript, Recognise, Step
from shared.dates import Day
from shared.http import Call, Page, Reads, Writes

router = APIRouter(prefix="/stays", tags=["stays"])


@router.post("", status_code=201, response_model=Stay)
async def nominate_stay(command: usecases.NominateStay, call: Writes) -> Response:
    """Propose a person for a stay: its life begins."""
    return await call.once(
        lambda tx: usecases.nominate_stay(tx, call.allow, command),
        status=201,
        location=lambda stay: f"/mobility/stays/{stay.id}",
    )


@router.get("")
async def list_stays(
    call: Reads,
    unit: Unit = None,
    person_ref: PersonParameter = None,
    direction: Direction | None = None,
    who: Who | None = None,
    kind: Kind | None = None,
    level: Level | None = None,
    status: StayStatus | None = None,
    partner: PartnerParameter = None,
    agreement: IdParameter = None,
    programme: IdParameter = None,
    source: Source | None = None,
    ref: Annotated[Ref | None, Query(description="The office's own id")] = None,
    since: Annotated[Day | None, Query(description="Not over before this day")] = None,
    until: Annotated[Day | None, Query(description="Begun by this day")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[Stay]:
    """Stays, in the order of entry."""
    return await page(
        call,
        store.stays,
        unit=unit,
        after=after,
        limit=limit,
        also=store.stays_in(since, until),
        person_ref=person_ref,
        direction=direction,
        who=who,
        kind=kind,
        level=level,
        status=status,
        partner=partner,
        agreement=agreement,
        programme=programme,
        source=source,
        ref=ref,
    )


@router.get("/{stay}")
async def get_stay(stay: StayId, call: Reads) -> Stay:
    """One stay as it is known now."""
    return await call.read(lambda tx: store.stays.load(tx, stay, for_update=False))


@router.post("/{stay}/approvals", response_model=Stay)
async def approve_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """The receiving side accepts the person."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.approve(s, on=said.on, evidence=said.evidence, today=today),
    )


@router.post("/{stay}/rejections", response_model=Stay)
async def reject_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """The receiving side does not accept the person."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.reject(
            s, on=said.on, reason=said.reason, evidence=said.evidence, today=today
        ),
    )


@router.post("/{stay}/confirmations", response_model=Stay)
async def confirm_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """The person goes."""
    return await _step(call, stay, lambda s, today: rules.confirm(s, on=said.on, today=today))


@router.post("/{stay}/starts", response_model=Stay)
async def start_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """It began on this day, whatever was planned."""
    return await _step(call, stay, lambda s, today: rules.start(s, on=said.on, today=today))


@router.post("/{stay}/completions", response_model=Stay)
async def complete_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """It ended on this day."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.complete(s, on=said.on, evidence=said.evidence, today=today),
    )


@router.post("/{stay}/early-returns", response_model=Stay)
async def return_early(stay: StayId, said: Dated, call: Writes) -> Response:
    """It ended before its time."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.return_early(
            s, on=said.on, reason=said.reason, evidence=said.evidence, today=today
        ),
    )


@router.post("/{stay}/extensions", response_model=Stay)
async def extend_stay(stay: StayId, said: Extend, call: Writes) -> Response:
    """It lasts longer than was planned."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.extend(s, until=said.until, reason=said.reason, today=today),
    )


@router.post("/{stay}/transcripts", response_model=Stay)
async def receive_transcript(stay: StayId, said: ReceiveTranscript, call: Writes) -> Response:
    """The receiving side said which credits it awarded."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.receive_transcript(s, awarded=said.awarded, on=said.on, today=today),
    )


@router.post("/{stay}/recognitions", response_model=Stay)
async def recognise_stay(stay: StayId, said: Recognise, call: Writes) -> Response:
    """The sending side recognised credits."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.recognise(
            s, recognised=said.recognised, on=said.on, evidence=said.evidence, today=today
        ),
    )


@router.post("/{stay}/withdrawals", response_model=Stay)
async def withdraw_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """The nomination is taken back, before the stay begins."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.withdraw(s, on=said.on, reason=said.reason, today=today),
    )


@router.post("/{stay}/no-shows", response_model=Stay)
async def miss_stay(stay: StayId, said: Dated, call: Writes) -> Response:
    """The person never arrived."""
    return await _step(
        call,
        stay,
        lambda s, today: rules.miss(
            s, on=said.on, reason=said.reason, evidence=said.evidence, today=today
        ),
    )


@router.post("/{stay}/corrections", response_model=Stay)
async def correct_stay(stay: StayId, command: Correct, call: Writes) -> Response:
    """Mend one field of its record."""
    return await call.once(lambda tx: usecases.correct_stay(tx, call.allow, stay, command))


async def _step(call: Call, stay: StayId, step: Step) -> Response:
    return await call.once(lambda tx: usecases.take_step(tx, call.allow, stay, step))
