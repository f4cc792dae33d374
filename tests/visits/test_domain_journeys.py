"""Each kind of visit goes through its whole life, one step at a time, and is refused no step."""

from datetime import date, timedelta

import pytest

from services.visits import domain
from services.visits.domain import Visit
from services.visits.events import Decision
from shared.dates import PartialDate
from tests.visits.making import TODAY, a_visit

ON = PartialDate.of(TODAY)
DECISION = Decision(number="7/QD", on=ON)
PLAN = dict.fromkeys(("starts_on", "ends_on", "place", "hosts", "agenda", "legs", "partners"))


def planned(visit: Visit) -> Visit:
    if visit.direction == "inbound":
        visit, _ = domain.screen(visit, accepted=True, on=ON, reason=None, today=TODAY)
    visit, _ = domain.plan(visit, **PLAN, today=TODAY)
    return visit


def confirmed(visit: Visit) -> Visit:
    visit = planned(visit)
    if visit.direction == "meeting":
        return visit
    visit, _ = domain.approve(visit, decision=DECISION, on=ON, today=TODAY)
    return domain.confirm(visit, on=ON, today=TODAY)[0]


def carried(visit: Visit, day: date) -> str:
    return domain.by_the_dates(visit, today=day)[0].status


@pytest.mark.parametrize("direction", ["inbound", "outbound", "hosted-event", "meeting"])
def test_a_visit_of_each_kind_is_carried_by_its_days_and_closed(direction: str) -> None:
    visit = confirmed(a_visit(direction))
    first, last = visit.starts_on.first, visit.ends_on.last
    assert carried(visit, first - timedelta(days=1)) == visit.status
    assert (carried(visit, first), carried(visit, last)) == ("under-way", "under-way")
    after = last + timedelta(days=1)
    over, _ = domain.by_the_dates(visit, today=after)
    assert over.status == "completed"
    on = PartialDate.of(after)
    reported, _ = domain.report(over, on=on, text="We met.", outcomes=["A plan"], today=after)
    assert domain.close(reported, on=on, today=after)[0].status == "closed"


@pytest.mark.parametrize("direction", ["inbound", "outbound", "hosted-event", "meeting"])
def test_a_visit_of_each_kind_is_postponed_twice_and_keeps_every_day_it_had(direction: str) -> None:
    visit = confirmed(a_visit(direction))
    for day in ("2026-01-12", "2026-02-09"):
        to = PartialDate(day)
        visit, _ = domain.postpone(
            visit, starts_on=to, ends_on=to, on=ON, reason="Typhoon", today=TODAY
        )
        visit, _ = domain.plan(visit, **PLAN, today=TODAY)
    assert [each.starts_on for each in visit.postponements] == ["2025-12-15", "2026-01-12"]
    assert visit.starts_on == "2026-02-09"
    off, _ = domain.cancel(visit, on=ON, reason="Typhoon", today=TODAY)
    assert off.status == "cancelled"
