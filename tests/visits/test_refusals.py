"""Every code with which this service's rules refuse or warn, and a visit that provokes it."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.visits import domain
from services.visits.domain import Decided, Policy, Visit
from services.visits.events import (
    Decision,
    Document,
    DocumentId,
    FollowUp,
    FollowUpId,
    Status,
    VisitFields,
    VisitId,
)
from shared.dates import PartialDate
from shared.errors import Rejected
from tests.visits.making import TODAY, a_visit

DOMAIN = Path(domain.__file__).parent
ON = PartialDate.of(TODAY)
TOMORROW = PartialDate("2025-11-18")
SINGLE = {"starts_on": "2025-11-10", "ends_on": "2025-11-10"}
FOLLOW_UP = FollowUp(id=FollowUpId("1"), text="Draft an agreement")
DOCUMENT = Document(
    id=DocumentId("document-1"), title="Letter", kind="other", sha256="1" * 64, size=1
)


def written(*calls: str) -> Iterator[str]:
    """The codes in the domain's source, and the templates of codes, as `visit-not-`."""
    for path in DOMAIN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id not in calls:
                    continue
                code = node.args[0]
                if isinstance(code, ast.JoinedStr):
                    code = code.values[0]
                if isinstance(code, ast.Constant):
                    yield str(code.value)


def form(direction: str = "inbound", **fields: Any) -> Decided:
    visit = a_visit(direction, **{"requested_on": ON, "decision": None} | fields)
    said = visit.model_dump(include=set(VisitFields.model_fields))
    return domain.request(
        VisitFields.model_validate(said),
        visit=VisitId(visit.id),
        late=False,
        today=TODAY,
        policy=Policy(),
    )


def warned(direction: str = "inbound", status: str = "requested", **fields: Any) -> list[str]:
    return domain.warnings_about(a_visit(direction, status, **fields), Policy(), today=TODAY)


def screened(visit: Visit, reason: str | None = None) -> Decided:
    return domain.screen(visit, accepted=reason is not None, on=ON, reason=reason, today=TODAY)


def planned(visit: Visit, **said: Any) -> Decided:
    parts = ("starts_on", "ends_on", "place", "hosts", "agenda", "legs", "partners")
    return domain.plan(visit, **dict.fromkeys(parts) | said, today=TODAY)


def approved(visit: Visit, decided_on: str | None = None) -> Decided:
    decision = Decision(number="7/QD", on=PartialDate(decided_on)) if decided_on else None
    return domain.approve(visit, decision=decision, on=ON, today=TODAY)


def postponed(visit: Visit, **days: Any) -> Decided:
    told: dict[str, Any] = {"starts_on": None, "ends_on": None} | days
    return domain.postpone(visit, **told, on=ON, reason="Typhoon", today=TODAY)


def corrected(visit: Visit, field: str, value: Any) -> Decided:
    return domain.correct(visit, field=field, value=value, reason="Wrong", today=TODAY)


def told_again(visit: Visit, status: Status) -> Decided:
    wanted = visit.model_dump(include=set(VisitFields.model_fields)) | {"status": status}
    return domain.reconcile(
        visit, VisitFields.model_validate(wanted), fields={"status"}, today=TODAY
    )


def linked(visit: Visit, *, follow_up: str = "1", became: str = "agreement-2") -> Decided:
    return domain.link_follow_up(visit, follow_up=FollowUpId(follow_up), became=became, today=TODAY)


def closed(visit: Visit, on: PartialDate = ON) -> Decided:
    return domain.close_follow_up(visit, follow_up=FollowUpId("1"), on=on, result=None, today=TODAY)


def added(visit: Visit, *, takes_place_of: str | None = None, sha256: str = "2" * 64) -> Decided:
    added = DOCUMENT.model_copy(update={"id": DocumentId("document-new"), "sha256": sha256})
    before = DocumentId(takes_place_of) if takes_place_of else None
    return domain.add_document(visit, added=added, takes_place_of=before, today=TODAY)


def with_papers(*, count: int = 1, superseded_by: str | None = None) -> Visit:
    update = {"superseded_by": superseded_by}
    paper = DOCUMENT.model_copy(update=update)
    return a_visit().model_copy(update={"documents": (paper,) * count})


def on_record(**fields: Any) -> Decided:
    said = a_visit(**fields).model_dump(include=set(VisitFields.model_fields))
    return domain.record(VisitFields.model_validate(said), visit=VisitId("visit-1"), today=TODAY)


def item(at: str, until: str | None = None) -> list[str]:
    return warned(agenda=[{"title": "Welcome", "at": at, "until": until}])


def done(**fields: Any) -> Visit:
    return a_visit(follow_ups=[FOLLOW_UP.model_dump() | fields])


REFUSED: dict[str, Callable[[], Any]] = {
    "correction-changes-nothing": lambda: corrected(a_visit(), "title", "Visit of Da Nang City"),
    "country-unknown": lambda: on_record(partners=[{"name": "X", "country": "QQ", "role": "host"}]),
    "date-in-future": lambda: closed(done(), on=TOMORROW),
    "day-not-known": lambda: domain.confirm(
        a_visit(status="approved", starts_on="2025-12", ends_on="2025-12"), on=ON, today=TODAY
    ),
    "decision-after-departure": lambda: approved(
        a_visit("outbound", "planned", starts_on="2025-11-10"), "2025-11-11"
    ),
    "decision-missing": lambda: approved(a_visit("outbound", "planned")),
    "ends-before-start": lambda: on_record(ends_on="2025-12-14"),
    "field-not-correctable": lambda: corrected(a_visit(), "version", 3),
    "follow-up-already-done": lambda: closed(done(status="done")),
    "follow-up-already-linked": lambda: linked(done(became="agreement-1")),
    "follow-up-exists": lambda: domain.add_follow_up(done(), follow_up=FOLLOW_UP, today=TODAY),
    "follow-up-twice": lambda: on_record(follow_ups=[FOLLOW_UP.model_dump()] * 2),
    "follow-up-unknown": lambda: linked(done(), follow_up="2"),
    "reason-missing": lambda: screened(a_visit()),
    "start-missing": lambda: postponed(a_visit(), ends_on=PartialDate("2026-01-01")),
    "status-contradicts-days": lambda: corrected(
        a_visit(status="completed", **SINGLE), "status", "confirmed"
    ),
    "status-went-back": lambda: told_again(a_visit(status="confirmed"), "planned"),
    "value-invalid": lambda: corrected(a_visit(), "starts_on", "soon"),
    "visit-began": lambda: postponed(a_visit(status="under-way", **SINGLE)),
    "visit-document-kept-already": lambda: added(with_papers(), sha256="1" * 64),
    "visit-document-superseded": lambda: added(
        with_papers(superseded_by="document-2"), takes_place_of="document-1"
    ),
    "visit-document-unknown": lambda: added(with_papers(), takes_place_of="document-7"),
    "visit-documents-too-many": lambda: added(with_papers(count=100)),
    "visit-ended": lambda: postponed(a_visit(status="cancelled")),
    "visit-lies-ahead": lambda: on_record(status="completed"),
    "visit-not-accepted": lambda: planned(a_visit(status="requested")),
    "visit-not-approved": lambda: domain.confirm(a_visit(status="planned"), on=ON, today=TODAY),
    "visit-not-completed": lambda: domain.report(
        a_visit(status="confirmed"), on=ON, text="They came.", outcomes=(), today=TODAY
    ),
    "visit-not-confirmed": lambda: domain.start(a_visit(status="approved"), on=ON, today=TODAY),
    "visit-not-planned": lambda: approved(a_visit(status="requested")),
    "visit-not-reported": lambda: domain.close(
        a_visit("outbound", "completed", **SINGLE), on=ON, today=TODAY
    ),
    "visit-not-requested": lambda: screened(a_visit(status="planned"), "No room"),
    "visit-not-under-way": lambda: domain.complete(a_visit(status="requested"), on=ON, today=TODAY),
}
ASKED: dict[str, Callable[[], Any]] = {
    "agenda-ends-before-start": lambda: item("2025-12-15T09:00", "2025-12-15T08:00"),
    "agenda-outside-visit": lambda: item("2025-12-17T09:00"),
    "agenda-time-unreadable": lambda: item("at nine"),
    "counterpart-missing": lambda: form("meeting", partners=[]),
    "decision-after-departure": lambda: warned("outbound", starts_on="2025-09-30"),
    "decision-missing": lambda: warned("outbound", "approved", decision=None),
    "follow-up-overdue": lambda: warned(
        follow_ups=[{"id": "1", "text": "Draft", "due_on": "2025-11-01"}]
    ),
    "lead-time-too-short": lambda: form(starts_on="2025-11-20", ends_on="2025-11-20"),
    "leg-outside-trip": lambda: form(
        "outbound", legs=[{"city": "Delhi", "country": "IN", "starts_on": "2026-02-01"}]
    ),
    "legs-missing": lambda: form("outbound", legs=[]),
    "organizers-missing": lambda: form("hosted-event", hosts=[]),
    "report-late": lambda: warned(
        "outbound", "reported", **SINGLE | {"report": {"on": "2025-11-18", "text": "We went."}}
    ),
    "report-missing": lambda: warned("outbound", "reported", **SINGLE),
    "report-overdue": lambda: warned(
        "outbound", "completed", starts_on="2025-11-01", ends_on="2025-11-01"
    ),
    "visitors-missing": lambda: form(partners=[]),
}


def codes_of(provoke: Callable[[], Any]) -> set[str]:
    try:
        return {each.partition(":")[0] for each in provoke()}
    except Rejected as refused:
        return {refused.code}


@pytest.mark.parametrize(("code", "provoke"), REFUSED.items(), ids=list(REFUSED))
def test_every_refusal_has_a_visit_that_provokes_it(code: str, provoke: Any) -> None:
    with pytest.raises(Rejected) as refused:
        provoke()
    assert refused.value.code == code


@pytest.mark.parametrize(("code", "provoke"), ASKED.items(), ids=list(ASKED))
def test_everything_that_the_office_asks_is_missed_by_a_visit(code: str, provoke: Any) -> None:
    assert code in codes_of(provoke)


def test_these_are_all_refusals_and_warnings_there_are() -> None:
    refused = set(written("Rejected"))
    assert "visit-not-" in refused
    assert {code for code in refused if not _of_a_status(code)} == {
        code for code in REFUSED if not _of_a_status(code)
    }
    assert set(written("Problem")) == set(ASKED)
    assert {code.removeprefix("visit-not-") for code in REFUSED if _of_a_status(code)} == {
        *("requested", "accepted", "planned", "approved", "confirmed"),
        *("under-way", "completed", "reported"),
    }


def _of_a_status(code: str) -> bool:
    return code.startswith("visit-not-")
