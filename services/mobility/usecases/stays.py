"""Stays: nominated, and taken through their life by whoever owns each step."""

from collections.abc import Callable
from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from services.mobility import store
from services.mobility.domain import stays as rules
from services.mobility.domain.decisions import Decided
from services.mobility.domain.stays import Stay
from services.mobility.events import StayFields
from services.mobility.events.values import LongText, StayId
from services.mobility.usecases.ground import Allow, Correct, must_be_ours, today_of
from services.mobility.usecases.matching import find_same
from services.mobility.usecases.resolving import (
    REFERENCES,
    Pending,
    country_of_partner,
    keep_pending,
    resolved,
)
from shared.database import Transaction
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Value
from shared.identity import new_id
from shared.texts import CountryCode


class NominateStay(StayFields):
    """Propose a person for a stay. Records of others are named by id or by `ref:<their ref>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust/me",
                    "person_ref": "p-1017",
                    "direction": "out",
                    "who": "student",
                    "kind": "exchange-study",
                    "level": "bachelor",
                    "partner": "ref:SIT",
                    "host_country": "JP",
                    "planned_from": "2026-04-01",
                    "planned_until": "2026-08-31",
                    "credits": {"planned": 20},
                }
            ]
        }
    )
    status: Any = Field(default="nominated", exclude=True, json_schema_extra={"readOnly": True})
    host_country: CountryCode | None = Field(  # type: ignore[assignment]  # made good from the partner
        default=None, description="By default ours for `in`, the partner's for `out`."
    )


class Dated(Value):
    """A step that was taken on a day; `evidence` where the other side owns the step."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"on": "2026-03-02", "evidence": "letter of acceptance of 2026-02-27"}]
        }
    )
    on: PartialDate
    reason: LongText | None = None
    evidence: LongText | None = Field(
        default=None, description="How you know, of a step that the other side owns."
    )


class Extend(Value):
    """It lasts longer."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"until": "2026-12-31"}]})
    until: PartialDate
    reason: LongText | None = None


class ReceiveTranscript(Value):
    """The transcript is here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"awarded": 18, "on": "2026-10-01"}]})
    awarded: float = Field(ge=0, le=1000)
    on: PartialDate


class Recognise(Value):
    """Credits are recognised."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"recognised": 16, "on": "2026-11-01"}]}
    )
    recognised: float = Field(ge=0, le=1000)
    on: PartialDate
    evidence: LongText | None = None


Step = Callable[[Stay, date], Decided[Stay]]


async def nominate_stay(tx: Transaction, allow: Allow, command: NominateStay) -> Stay:
    """A stay's life begins. Raises Rejected("stay-exists") if it is here already."""
    must_be_ours(tx, command, allow)
    said = command.model_dump(mode="json")
    fields, pending = await resolved(tx, said)
    fields["host_country"] = await host_country(tx, fields)
    stay = Stay.model_validate(
        fields | {"id": new_id("stay"), "status": "nominated", "source": "direct"}
    )
    await store.lock_persons(tx, [stay.person_ref])
    same = await find_same(tx, stay)
    if same is not None:
        raise Rejected(
            "stay-exists",
            f"{same.id} is the same person's stay there on overlapping days; change that one",
            field="person_ref",
        )
    nominated, facts = rules.nominate(stay)
    saved = await store.stays.save(tx, nominated, *facts)
    await keep_pending(tx, saved, pending, fields=set())
    return saved


async def take_step(tx: Transaction, allow: Allow, subject: StayId, step: Step) -> Stay:
    """One step of the life cycle: load, decide, save."""
    stay = await store.stays.load(tx, subject)
    allow(stay.unit)
    after, facts = step(stay, today_of(tx, stay.unit))
    return await store.stays.save(tx, after, *facts)


async def correct_stay(tx: Transaction, allow: Allow, subject: StayId, command: Correct) -> Stay:
    """Its record was wrong, or a reference of it is now known."""
    stay = await store.stays.load(tx, subject)
    allow(stay.unit)
    told = {command.field: command.value}
    pending: Pending = {}
    if command.field in REFERENCES and isinstance(command.value, str):
        told, pending = await resolved(tx, told)
    if pending:
        raise Rejected(
            "reference-unknown", f"{command.value!r} is not known here", field="value", status=422
        )
    corrected, facts = rules.correct(
        stay,
        field=command.field,
        value=told[command.field],
        reason=command.reason,
        today=today_of(tx, stay.unit),
    )
    must_be_ours(tx, corrected, allow)
    saved = await store.stays.save(tx, corrected, *facts)
    if command.field in REFERENCES:
        await keep_pending(tx, saved, {}, fields={command.field})
    return saved


async def host_country(tx: Transaction, fields: dict[str, Any]) -> str:
    """Where it takes place: as said, else with us (in) or at the partner's seat (out).

    Raises Rejected("host-country-missing", 422).
    """
    said = fields.get("host_country")
    if said is None and fields.get("direction") == "in":
        said = tx.reference.unit(str(fields.get("unit"))).country
    if said is None:
        said = await country_of_partner(tx, fields.get("partner"))
    if said is None:
        raise Rejected(
            "host-country-missing",
            "say where the stay takes place: the partner's country is not known here (yet)",
            field="host_country",
            status=422,
        )
    return str(said)
