"""One fact of each type, as real decisions make it.

`python -m tests.mobility.samples` stores those that are missing under tests/contracts/samples/:
what is stored was published once and is never written again, so that it stays readable.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.mobility.domain import applications, appointments, programmes, stays
from services.mobility.domain.applications import Application
from services.mobility.domain.appointments import Appointment
from services.mobility.domain.decisions import Decided
from services.mobility.domain.programmes import Headcount, Programme
from services.mobility.domain.refusals import tell
from services.mobility.events import UpstreamRefused
from services.mobility.events.refusals import Reason
from shared.dates import PartialDate
from shared.facts import Fact
from tests.mobility.making import PARTNER, TODAY, a_stay

STORED = Path(__file__).parents[1] / "contracts" / "samples" / "mobility"

DAY = PartialDate("2019-06-10")
LETTER = "letter of 2019-03-01"


def stored_at(fact: type[Fact]) -> Path:
    """`.../samples/mobility/stay-started.v1.json`"""
    return STORED / f"{fact.type.split('.', 2)[2]}.json"


def samples() -> Iterator[Fact]:
    """At least one fact of every type."""
    for decisions in (_stays, _applications, _appointments, _programmes, _refusals):
        for _, facts in decisions():
            yield from facts


def _stays() -> Iterator[Decided[Any]]:
    today = TODAY
    yield stays.nominate(a_stay(version=0))
    yield stays.record(
        a_stay(
            version=0,
            status="confirmed",
            interruptions=[{"from": "2019-05-01", "until": "2019-05-05"}],
            planned_until="2019-05",
        ),
        today=today,
    )
    yield stays.approve(a_stay(), on=DAY, evidence=LETTER, today=today)
    yield stays.reject(a_stay(), on=DAY, reason="full", evidence=LETTER, today=today)
    yield stays.confirm(a_stay(status="approved"), on=DAY, today=today)
    yield stays.withdraw(a_stay(), on=DAY, reason="ill", today=today)
    under_way = a_stay(status="under-way")
    yield stays.miss(under_way, on=DAY, reason="no visa", evidence=LETTER, today=today)
    yield stays.extend(under_way, until=PartialDate("2019-12-31"), reason="thesis", today=today)
    yield stays.return_early(under_way, on=DAY, reason="ill", evidence=LETTER, today=today)
    yield stays.correct(under_way, field="funding", value="JST", reason="left out", today=today)
    credits_ = {"planned": 20}
    yield stays.start(a_stay(status="confirmed"), on=DAY, today=today)
    yield stays.complete(under_way, on=DAY, evidence=LETTER, today=today)
    over = a_stay(status="completed", credits=credits_)
    yield stays.receive_transcript(over, awarded=18, on=DAY, today=today)
    graded = a_stay(status="transcript-received", credits=credits_ | {"awarded": 18})
    yield stays.recognise(graded, recognised=16, on=DAY, evidence=None, today=today)


def _applications() -> Iterator[Decided[Any]]:
    told = {
        "id": "application-01k9zv5n3m8q4w7t2r6y0a1b2c",
        "unit": "nist",
        "person_ref": "g:1",
        "level": "master",
        "graduate": True,
        "submitted_on": "2019-03-01",
    }
    submitted = Application.model_validate(told | {"status": "submitted"})
    admitted = Application.model_validate(
        told | {"version": 1, "status": "admitted", "decided_on": "2019-04"}
    )
    yield applications.submit(submitted)
    yield applications.record(admitted.model_copy(update={"version": 0}))
    yield applications.admit(submitted, on=DAY, today=TODAY)
    yield applications.decline(submitted, on=DAY, today=TODAY)
    yield applications.depart(admitted, on=DAY, today=TODAY)
    yield applications.withdraw(submitted, on=DAY, reason="changed plans", today=TODAY)
    yield applications.correct(submitted, field="level", value="doctoral", reason="misread")


def _appointments() -> Iterator[Decided[Any]]:
    appointment = Appointment.model_validate(
        {
            "id": "appointment-01k9zv5n3m8q4w7t2r6y0a1b2c",
            "unit": "nist",
            "person_ref": "e:1",
            "term": "long",
            "role": "professor",
            "foreign_expert": True,
            "nationality": "NG",
            "starts_on": "2019-03-01",
            "status": "appointed",
        }
    )
    yield appointments.make(appointment, today=TODAY)
    yield appointments.record(appointment, today=TODAY)
    yield appointments.classify(
        appointment, high_level=True, international_background=False, today=TODAY
    )
    yield appointments.end(appointment, on=DAY, today=TODAY)
    yield appointments.correct(
        appointment, field="role", value="dean", reason="misread", today=TODAY
    )


def _programmes() -> Iterator[Decided[Any]]:
    programme = Programme.model_validate(
        {
            "id": "programme-01k9zv5n3m8q4w7t2r6y0a1b2c",
            "unit": "hust/me",
            "ref": "GPBL",
            "name": "GPBL",
            "title": "Global Project-Based Learning",
            "partners": [PARTNER],
            "kind": "project-based",
        }
    )
    yield programmes.record(programme)
    yield programmes.correct(programme, field="title", value="GPBL", reason="shorter")
    headcount = Headcount.model_validate(
        {
            "id": "headcount-01k9zv5n3m8q4w7t2r6y0a1b2c",
            "unit": "nist",
            "year": 2024,
            "level": "bachelor",
            "graduates": 2310,
        }
    )
    yield programmes.report(headcount)
    yield programmes.correct_headcount(headcount, field="graduates", value=2311, reason="late")


def _refusals() -> Iterator[Decided[Any]]:
    fact = UpstreamRefused(
        source="/hust/hr",
        refused_on=TODAY,
        count=3,
        reasons=(
            Reason(
                type="upstream.hr.leave-approved.v1",
                code="data-invalid:extra_forbidden",
                path="$.data.name",
                count=3,
            ),
        ),
        events=("hr-000310", "hr-000311", "hr-000312"),
    )
    yield tell("refused-01k9zv5n3m8q4w7t2r6y0a1b2c", fact)


if __name__ == "__main__":
    STORED.mkdir(parents=True, exist_ok=True)
    for sample in samples():
        path = stored_at(type(sample))
        if not path.exists():
            text = json.dumps(json.loads(sample.data()), indent=2, ensure_ascii=False)
            path.write_text(f"{text}\n", encoding="utf-8")
