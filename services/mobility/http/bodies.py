"""What the office's own list may say of a record: its present state, as far as it is known."""

from pydantic import ConfigDict, Field

from services.mobility.events import (
    ApplicationFields,
    AppointmentFields,
    ProgrammeFields,
    StayFields,
)
from services.mobility.events.values import (
    ApplicationStatus,
    AppointmentStatus,
    Source,
    StayStatus,
)
from shared.dates import PartialDate
from shared.texts import CountryCode


class StayTold(StayFields):
    """A stay in its present state. Records of others: by id or by `ref:<their ref>`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust/me",
                    "person_ref": "s-2019-014",
                    "direction": "in",
                    "who": "student",
                    "kind": "project-based",
                    "programme": "ref:GPBL",
                    "partner": "ref:SIT",
                    "planned_from": "2019-08",
                    "planned_until": "2019-08",
                    "nationality": "JP",
                }
            ]
        }
    )
    host_country: CountryCode | None = Field(  # type: ignore[assignment]  # made good from the partner
        default=None, description="By default ours for `in`, the partner's for `out`."
    )
    planned_from: PartialDate | None = Field(  # type: ignore[assignment]  # made good from actual
        default=None, description="By default the actual one."
    )
    planned_until: PartialDate | None = Field(  # type: ignore[assignment]  # made good from actual
        default=None, description="By default the actual one."
    )
    status: StayStatus | None = Field(  # type: ignore[assignment]  # made good from the days
        default=None, description="By default what the days say."
    )
    source: Source = Field(default="direct", exclude=True, json_schema_extra={"readOnly": True})


class ApplicationTold(ApplicationFields):
    """An application in its present state."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "nist",
                    "person_ref": "g-2031",
                    "level": "master",
                    "destination_country": "GB",
                    "agency": "ref:AGENCY-1",
                    "graduate": True,
                    "submitted_on": "2024-03",
                    "decided_on": "2024-06",
                    "status": "admitted",
                }
            ]
        }
    )
    graduate: bool = Field(default=True)
    status: ApplicationStatus | None = Field(  # type: ignore[assignment]  # made good from days
        default=None, description="By default what the days say."
    )
    source: Source = Field(default="direct", exclude=True, json_schema_extra={"readOnly": True})


class AppointmentTold(AppointmentFields):
    """An appointment in its present state."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "nist",
                    "person_ref": "e-0007",
                    "term": "long",
                    "role": "professor",
                    "foreign_expert": True,
                    "high_level": True,
                    "starts_on": "2024-03",
                }
            ]
        }
    )
    foreign_expert: bool = False
    status: AppointmentStatus = Field(
        default="appointed", description="By default what the days say."
    )
    source: Source = Field(default="direct", exclude=True, json_schema_extra={"readOnly": True})


class ProgrammeTold(ProgrammeFields):
    """A named programme."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "unit": "hust/me",
                    "name": "Sakura",
                    "title": "Sakura Science Exchange Program",
                    "partners": ["ref:SIT"],
                }
            ]
        }
    )
