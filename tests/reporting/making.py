"""Records and questions as tests need them: sound ones; a test changes what it is about."""

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any

from services.reporting.domain.measures import MEASURES, Answer, Question, ask
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import (
    Agreement,
    Contribution,
    JointProgramme,
    JointProject,
    Partner,
)
from services.reporting.incoming.mobility import Application, Appointment, Headcount, Stay
from services.reporting.incoming.visits import Visit
from shared.dates import Period

_numbers = count(1)


def stay(**fields: Any) -> Stay:
    """An exchange student of ours in Japan from March to July 2019, who came home."""
    told = {
        "unit": "hust/me",
        "person_ref": f"hust:s{next(_numbers)}",
        "direction": "out",
        "who": "student",
        "kind": "exchange-study",
        "host_kind": "university",
        "host_country": "JP",
        "planned_from": "2019-03-01",
        "planned_until": "2019-07-31",
        "status": "completed",
    }
    return Stay.model_validate(told | fields)


def visit(**fields: Any) -> Visit:
    """One professor of a Japanese university for two days in May 2019."""
    told: dict[str, Any] = {
        "unit": "hust/me",
        "direction": "inbound",
        "title": "Visit of Nagaoka",
        "theme": "academic",
        "starts_on": "2019-05-14",
        "ends_on": "2019-05-15",
        "status": "completed",
        "partners": [{"name": "Nagaoka University", "country": "JP", "role": "visitor"}],
        "members": [{"role": "professor", "organization": "Nagaoka", "country": "JP"}],
    }
    return Visit.model_validate(told | fields)


def partner(**fields: Any) -> Partner:
    """A university in Japan."""
    told = {"unit": "hust", "kind": "university", "name": "Nagaoka", "country": "JP"}
    return Partner.model_validate(told | fields)


def agreement(*partners: str, **fields: Any) -> Agreement:
    """An exchange in force from 2018 to 2022."""
    told = {
        "unit": "hust/me",
        "kind": "exchange",
        "title": "Student exchange",
        "status": "in-force",
        "signed_on": "2017-12-01",
        "valid_from": "2018-01-01",
        "valid_until": "2022-12-31",
        "parties": [
            {"party": "hust/me", "side": "ours"},
            *({"party": each, "side": "theirs"} for each in partners or ("partner-1",)),
        ],
    }
    return Agreement.model_validate(told | fields)


def contribution(**fields: Any) -> Contribution:
    """About three million yen of two donors together."""
    told = {
        "unit": "hust/me",
        "donors": [{"partner": "partner-jica"}, {"partner": "partner-nut"}],
        "amount": "3000000",
        "currency": "JPY",
        "approximate": True,
        "purpose": "construction of a welding laboratory",
        "received_on": "2018",
        "received_until": "2019",
    }
    return Contribution.model_validate(told | fields)


def application(**fields: Any) -> Application:
    """A graduate who applied for a master's degree in May 2019."""
    told = {
        "unit": "hust/me",
        "person_ref": f"hust:g{next(_numbers)}",
        "level": "master",
        "graduate": True,
        "status": "submitted",
        "submitted_on": "2019-05-02",
    }
    return Application.model_validate(told | fields)


def appointment(**fields: Any) -> Appointment:
    """A foreign expert appointed in 2019."""
    told = {
        "unit": "hust/me",
        "person_ref": f"hust:x{next(_numbers)}",
        "term": "long",
        "role": "professor",
        "foreign_expert": True,
        "starts_on": "2019-09-01",
        "status": "appointed",
    }
    return Appointment.model_validate(told | fields)


def joint_programme(**fields: Any) -> JointProgramme:
    """A 2+2 programme established in December 2019."""
    told = {
        "unit": "hust/me",
        "title": "2+2 programme",
        "pattern": "2+2",
        "status": "established",
        "established_on": "2019-12-10",
    }
    return JointProgramme.model_validate(told | fields)


def joint_project(**fields: Any) -> JointProject:
    """A project completed in November 2019."""
    told = {
        "unit": "hust/me",
        "title": "Sustainable materials",
        "leader": "hust:giwa",
        "status": "completed",
        "applied_on": "2018-09-01",
        "granted_on": "2018-12-15",
        "started_on": "2019-01-08",
        "completed_on": "2019-11-20",
    }
    return JointProject.model_validate(told | fields)


def headcount(**fields: Any) -> Headcount:
    """A thousand graduates in 2019."""
    return Headcount.model_validate({"unit": "hust/me", "year": 2019, "graduates": 1000} | fields)


def named(kind: str, *records: Any) -> dict[str, Any]:
    """Ids for records: {"stay-1": ..., "stay-2": ...}."""
    return {f"{kind}-{number}": record for number, record in enumerate(records, 1)}


def question(
    *,
    year: int = 2019,
    on: date | None = None,
    unit: str = "hust/me",
    where: Mapping[str, tuple[str, ...]] | None = None,
) -> Question:
    """About a year of a school in Viet Nam, judged on its last day."""
    return Question(
        unit=unit,
        units=frozenset({"hust", "hust/me", "hust/ee"} if unit == "hust" else {unit}),
        country="VN",
        period=Period.year(year),
        on=on or date(year, 12, 31),
        where=where or {},
    )


def answer(measure: str, records: Records, **asked: Any) -> Answer:
    """What a measure says; what is not `year`, `on` or `unit` narrows it."""
    own = {name: asked.pop(name) for name in ("year", "on", "unit") if name in asked}
    where = {
        name: values if isinstance(values, tuple) else (str(values),)
        for name, values in asked.items()
    }
    return ask(MEASURES[measure], question(**own, where=where), records)
