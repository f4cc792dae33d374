"""Partners, agreements, programmes, projects and contributions as tests need them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from services.agreements.domain.agreements import Agreement
from services.agreements.domain.contributions import Contribution
from services.agreements.domain.decisions import Decided
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.domain.partners import Partner
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.identity import new_id

TODAY = date(2025, 11, 17)
OURS = "hust/me"
THEIRS = "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"
OTHERS = "partner-01k9zv5n3m8q4w7t2r6y0a1b2d"
BOTH_APPROVED = [
    {"side": "ours", "on": "2025-01-10"},
    {"side": "theirs", "on": "2025-01-20", "evidence": "letter"},
]


def on(day: str) -> PartialDate:
    return PartialDate(day)


def a_partner(**fields: Any) -> Partner:
    name = fields.get("name", "University of Bolton")
    told = {"unit": "nist", "kind": "university", "name": name, "names": [{"name": name}]}
    return Partner.model_validate(
        {"id": new_id("partner"), "version": 1, "country": "GB"} | told | fields
    )


def an_agreement(status: str = "in-force", **fields: Any) -> Agreement:
    """Between hust/me and a partner; from February 2025 on unless said otherwise."""
    agreed = status not in ("proposed", "under-review", "withdrawn")
    signed = agreed and status != "approved"
    told: dict[str, Any] = {
        "unit": "hust/me",
        "kind": "exchange",
        "title": "Exchange of students",
        "parties": [{"party": OURS, "side": "ours"}, {"party": THEIRS, "side": "theirs"}],
        "status": status,
    }
    if agreed:
        told["approvals"] = BOTH_APPROVED
    if signed:
        told |= {
            "signatures": [
                {"party": OURS, "on": "2025-01-25"},
                {"party": THEIRS, "on": "2025-02-01", "evidence": "signed copy"},
            ],
            "signed_on": "2025-02-01",
            "valid_from": "2025-02-01",
        }
    return Agreement.model_validate({"id": new_id("agreement"), "version": 7} | told | fields)


def a_joint_programme(status: str = "planned", **fields: Any) -> JointProgramme:
    told = {"unit": "nist", "title": "Media, 3+1", "partners": [THEIRS], "pattern": "3+1"}
    return JointProgramme.model_validate(
        {"id": new_id("joint-programme"), "version": 1, "status": status} | told | fields
    )


def a_joint_project(status: str = "applied", **fields: Any) -> JointProject:
    told = {"unit": "nist", "title": "Vision for workshops", "partners": [THEIRS]}
    return JointProject.model_validate(
        {"id": new_id("joint-project"), "version": 1, "status": status} | told | fields
    )


def a_contribution(**fields: Any) -> Contribution:
    told = {
        "unit": "hust/me",
        "donors": [{"partner": THEIRS}, {"partner": OTHERS}],
        "amount": "3000000",
        "currency": "JPY",
        "purpose": "Construction of a welding laboratory",
        "received_on": "2018",
        "received_until": "2019",
    }
    return Contribution.model_validate({"id": new_id("contribution"), "version": 1} | told | fields)


def types(decided: Decided[Any]) -> list[str]:
    """The facts of a decision, in short: ["agreement-signed", ...]."""
    return [fact.type.split(".")[2] for fact in decided[1]]


@contextmanager
def refused(code: str, *, field: str | None = None) -> Iterator[None]:
    """The block is refused with that code (and names that field)."""
    with pytest.raises(Rejected) as refusal:
        yield
    assert refusal.value.code == code
    if field is not None:
        assert refusal.value.field == field
