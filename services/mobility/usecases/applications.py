"""Applications to study abroad: submitted, decided, and what came of them."""

from collections.abc import Callable
from datetime import date

from pydantic import ConfigDict, Field

from services.mobility import store
from services.mobility.domain import applications as rules
from services.mobility.domain.applications import Application
from services.mobility.domain.decisions import Decided
from services.mobility.events import ApplicationFields
from services.mobility.events.values import ApplicationId, ApplicationStatus
from services.mobility.usecases.ground import Allow, Correct, must_be_ours, today_of
from services.mobility.usecases.resolving import REFERENCES, keep_pending, resolved
from shared.database import Transaction
from shared.errors import Rejected
from shared.identity import new_id


class SubmitApplication(ApplicationFields):
    """A person applies. Partners are named by id or by `ref:<their ref>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "nist",
                    "person_ref": "g-2031",
                    "level": "master",
                    "destination_country": "GB",
                    "partner": "ref:BOLTON",
                    "graduate": True,
                    "submitted_on": "2024-03-11",
                }
            ]
        }
    )
    status: ApplicationStatus = Field(default="submitted", json_schema_extra={"readOnly": True})


Step = Callable[[Application, date], Decided[Application]]


async def submit_application(
    tx: Transaction, allow: Allow, command: SubmitApplication
) -> Application:
    """An application's life begins."""
    must_be_ours(tx, command, allow)
    fields, pending = await resolved(tx, command.model_dump(mode="json"))
    application = Application.model_validate(
        fields | {"id": new_id("application"), "status": "submitted", "source": "direct"}
    )
    submitted, facts = rules.submit(application)
    saved = await store.applications.save(tx, submitted, *facts)
    await keep_pending(tx, saved, pending, fields=set())
    return saved


async def take_step(
    tx: Transaction, allow: Allow, subject: ApplicationId, step: Step
) -> Application:
    """One step of the life cycle: load, decide, save."""
    application = await store.applications.load(tx, subject)
    allow(application.unit)
    after, facts = step(application, today_of(tx, application.unit))
    return await store.applications.save(tx, after, *facts)


async def correct_application(
    tx: Transaction, allow: Allow, subject: ApplicationId, command: Correct
) -> Application:
    """Its record was wrong."""
    application = await store.applications.load(tx, subject)
    allow(application.unit)
    told = {command.field: command.value}
    if command.field in REFERENCES and isinstance(command.value, str):
        told, pending = await resolved(tx, told)
        if pending:
            raise Rejected(
                "reference-unknown",
                f"{command.value!r} is not known here",
                field="value",
                status=422,
            )
    corrected, facts = rules.correct(
        application, field=command.field, value=told[command.field], reason=command.reason
    )
    must_be_ours(tx, corrected, allow)
    saved = await store.applications.save(tx, corrected, *facts)
    if command.field in REFERENCES:
        await keep_pending(tx, saved, {}, fields={command.field})
    return saved
