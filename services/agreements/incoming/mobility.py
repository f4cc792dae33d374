"""What agreements reads of `mobility.events`: stays, as far as they take places or weigh.

Nothing of who stays: not even a `person_ref`.
"""

from pydantic import BaseModel, ConfigDict, Field

from shared.dates import PartialDate


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Interruption(_Read):
    """Days within a stay that were not part of it."""

    model_config = ConfigDict(
        serialize_by_alias=True, validate_by_name=True, validate_by_alias=True
    )

    from_: PartialDate = Field(alias="from")
    until: PartialDate


class Stay(_Read):
    """Any fact of a stay: one person's, in or out."""

    unit: str = ""
    ref: str | None = None
    direction: str = ""
    who: str = ""
    kind: str = ""
    level: str | None = None
    agreement: str | None = None
    planned_from: PartialDate | None = None
    planned_until: PartialDate | None = None
    actual_from: PartialDate | None = None
    actual_until: PartialDate | None = None
    interruptions: tuple[Interruption, ...] = ()
    virtual_days: int = 0
    status: str = ""


class StayCorrected(_Read):
    """New values by field."""

    changes: Stay


STAYS: dict[str, type[BaseModel]] = {
    f"rapport.mobility.stay-{word}.v1": Stay
    for word in (
        "nominated",
        "recorded",
        "approved",
        "rejected",
        "confirmed",
        "started",
        "completed",
        "extended",
        "returned-early",
        "transcript-received",
        "recognised",
        "withdrawn",
        "no-show",
    )
} | {"rapport.mobility.stay-corrected.v1": StayCorrected}
