"""Every code with which this service's rules refuse is expected by some test of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import services.agreements
from services.agreements.domain import (
    agreement_documents,
    agreement_reviews,
    joint_programmes,
    joint_projects,
    partners,
)
from services.agreements.domain.joint_programmes import JointProgramme
from services.agreements.domain.joint_projects import JointProject
from services.agreements.events.values import Document, DocumentId
from tests.agreements.making import (
    THEIRS,
    TODAY,
    a_joint_programme,
    a_joint_project,
    a_partner,
    an_agreement,
    on,
    refused,
)

SERVICE = Path(services.agreements.__file__).parent
TESTS = Path(__file__).parent
DAY = on("2025-11-14")


def codes() -> Iterator[str]:
    """As they stand in the source; where a part of one is worked out, that part is `.*`."""
    for path in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                named = isinstance(node.func, ast.Name) and node.func.id == "Rejected"
                given = [*node.args[:1]] if named else []
                given += [each.value for each in node.keywords if each.arg == "code"]
                yield from (pattern for each in given for pattern in _patterns(each))


def _patterns(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(code)):
            yield re.escape(code)
        case ast.JoinedStr(values=parts):
            yield "".join(
                re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*"
                for part in parts
            )
        case ast.IfExp(body=one, orelse=other):
            yield from _patterns(one)
            yield from _patterns(other)


def test_every_code_of_a_refusal_is_expected_by_some_test() -> None:
    tests = "\n".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    expected = set(re.findall(r'"([a-z0-9]+(?:-[a-z0-9]+)+)"', tests))
    known = set(codes())
    assert len(known) > 100
    unprovoked = [code for code in known if not any(re.fullmatch(code, text) for text in expected)]
    assert sorted(unprovoked) == []


# --- those that no other test is about -----------------------------------------------------------


def test_an_agreement_has_no_more_papers_than_a_fact_can_carry() -> None:
    papers = [
        Document(id=DocumentId(f"d-{n}"), title="x", kind="other", sha256=f"{n:064x}", size=1)
        for n in range(agreement_documents.MOST + 1)
    ]
    full = an_agreement(documents=[each.model_dump() for each in papers[:-1]])
    with refused("agreement-documents-too-many"):
        agreement_documents.add_document(full, added=papers[-1], takes_place_of=None)


@pytest.mark.parametrize("status", ["under-review", "approved", "signed", "in-force", "lapsed"])
def test_only_a_proposal_is_submitted_for_review(status: str) -> None:
    with refused("agreement-not-proposed"):
        agreement_reviews.submit_for_review(an_agreement(status), on=DAY, today=TODAY)


def test_a_name_that_is_not_among_the_dated_names_is_refused() -> None:
    with refused("partner-name-not-among-names"):
        partners.sound(a_partner(name="Bolton", names=[{"name": "University of Bolton"}]))


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        ("approve", "approved", "joint-programme-not-planned"),
        ("establish", "planned", "joint-programme-not-approved"),
        ("close", "closed", "joint-programme-closed"),
    ],
)
def test_a_joint_programme_takes_no_step_twice_or_out_of_turn(
    step: str, status: str, code: str
) -> None:
    programme: JointProgramme = a_joint_programme(status)
    with refused(code):
        getattr(joint_programmes, step)(programme, on=DAY, today=TODAY)


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [
        ("grant", "rejected", "joint-project-not-applied"),
        ("reject", "granted", "joint-project-not-applied"),
        ("start", "applied", "joint-project-not-granted"),
        ("complete", "granted", "joint-project-not-running"),
    ],
)
def test_a_joint_project_takes_no_step_twice_or_out_of_turn(
    step: str, status: str, code: str
) -> None:
    project: JointProject = a_joint_project(status)
    with refused(code):
        getattr(joint_projects, step)(project, on=DAY, today=TODAY)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"status": "granted"}, "joint-project-date-missing"),
        ({"partners": []}, "joint-project-needs-a-partner"),
        ({"partners": [THEIRS, THEIRS]}, "partner-listed-twice"),
    ],
)
def test_a_list_tells_a_sound_joint_project_or_is_refused(told: dict[str, Any], code: str) -> None:
    with refused(code):
        joint_projects.reconcile(a_joint_project(), told, today=TODAY)
