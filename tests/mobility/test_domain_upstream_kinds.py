"""Any order, any repetition, the same state: for every kind of record that upstream tells of."""

import random
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.mobility.domain import applications, appointments, programmes
from services.mobility.domain.applications import Application
from services.mobility.domain.appointments import Appointment
from services.mobility.domain.following import plain_news
from services.mobility.domain.programmes import Headcount
from services.mobility.domain.statements import Statement
from services.mobility.domain.targets import Family, Target
from services.mobility.incoming import UPSTREAM
from shared.facts import State
from tests.mobility.making import TODAY, said
from tests.mobility.test_domain_upstream import (
    CHANGED,
    DESTINATION,
    ENROLLED,
    GRADUATED,
    HIRED,
    LEAVE,
    LEAVE_ENDED,
    LEFT,
    live,
    target,
)
from tests.mobility.test_domain_upstream import HEARD as EXCHANGE

LEAVE_STARTED = "upstream.hr.leave-started.v1"
HEADCOUNT = "upstream.registrar.headcount.v1"

HEARD: Mapping[str, tuple[Family, Sequence[Statement]]] = {
    "exchange": ("stay", EXCHANGE),
    "leave": (
        "stay",
        [
            said(LEAVE, id_="l", minute=1),
            said(LEAVE, id_="longer", minute=2, ends_on="2020-06-30"),
            said(LEAVE, id_="right", minute=3, replaces="l", who="researcher"),
            said(LEAVE_STARTED, id_="s", minute=4),
            said(LEAVE_STARTED, id_="s2", minute=5, replaces="s", on="2019-04-03"),
            said(LEAVE_ENDED, id_="e", minute=6),
            said(LEAVE_ENDED, id_="e-back", minute=7, replaces="e", withdrawn=True),
            said(LEAVE_ENDED, id_="never", minute=8, taken=False),
            said(LEAVE_ENDED, id_="was-there", minute=9, replaces="never"),
        ],
    ),
    "enrolment": (
        "stay",
        [
            said(ENROLLED, id_="e", minute=1),
            said(ENROLLED, id_="again", minute=2),
            said(ENROLLED, id_="c", minute=3, replaces="e", funding="CSC"),
            said(GRADUATED, id_="g", minute=4),
            said(GRADUATED, id_="g2", minute=5, replaces="g", on="2021-07-01"),
            said(ENROLLED, id_="w", minute=6, withdrawn=True),
        ],
    ),
    "contract": (
        "appointment",
        [
            said(HIRED, id_="h", minute=1),
            said(HIRED, id_="h2", minute=2, replaces="h", role="professor"),
            said(CHANGED, id_="c", minute=3),
            said(CHANGED, id_="c2", minute=4, replaces="c", ends_on="2023-02-28"),
            said(LEFT, id_="l", minute=5),
            said(LEFT, id_="l-back", minute=6, replaces="l", withdrawn=True),
            said(HIRED, id_="w", minute=7, withdrawn=True),
        ],
    ),
    "destination": (
        "application",
        [
            said(DESTINATION, id_="s", minute=1),
            said(DESTINATION, id_="a", minute=2, state="admitted", on="2020-03-01"),
            said(DESTINATION, id_="a2", minute=3, replaces="a", state="declined", on="2020-03-02"),
            said(DESTINATION, id_="d", minute=4, state="departed", on="2020-09-10"),
            said(DESTINATION, id_="d-back", minute=5, replaces="d", withdrawn=True),
            said(DESTINATION, id_="w", minute=6, state="withdrawn", on="2020-04-01"),
        ],
    ),
    "headcount": (
        "headcount",
        [
            said(HEADCOUNT, id_="h", minute=1),
            said(HEADCOUNT, id_="h2", minute=2, students=2141),
            said(HEADCOUNT, id_="c", minute=3, replaces="h2", students=2142),
            said(HEADCOUNT, id_="w", minute=4, withdrawn=True),
        ],
    ),
}


def ends_in(family: Family, heard: Sequence[Statement], today: date) -> State | None:
    """One event after another, as the service applies them."""
    if family == "stay":
        return live(heard, today)
    state: Any = None
    before: Target | None = None
    for number in range(1, len(heard) + 1):
        now = target(heard[:number], family)
        if now is None or now == before:
            continue
        state = _followed(family, state, before, now, today)
        before = now
    return state  # type: ignore[no-any-return]  # whichever family it is of


def _followed(family: Family, state: Any, before: Target | None, now: Target, today: date) -> Any:
    if state is None:
        fields = now.fields | {"id": f"{family}-1"}
        if family == "headcount":
            return programmes.report(Headcount.model_validate(fields))[0]
        fields |= {"status": now.status}
        if family == "application":
            return applications.record(Application.model_validate(fields))[0]
        fresh = Appointment.model_validate(fields)
        if fresh.status == "withdrawn":
            return appointments.record(fresh, today=today)[0]
        return appointments.make(fresh, today=today)[0]
    told = plain_news(state, before=before, now=now)
    if family == "headcount":
        return programmes.reconcile_headcount(state, told, reason="-")[0]
    if before is None or before.status != now.status:
        told = {**told, "status": now.status}
    rules: Any = applications if family == "application" else appointments
    return rules.reconcile(state, told, reason="-", today=today, mends=True)[0]


def unversioned(state: State | None) -> Any:
    return None if state is None else state.model_dump(exclude={"version"})


def test_every_type_of_the_contract_is_among_what_is_put_into_any_order() -> None:
    assert {each.type for _, heard in HEARD.values() for each in heard} == set(UPSTREAM)


@pytest.mark.parametrize("kind", sorted(HEARD))
@settings(max_examples=150, deadline=None)
@given(data=st.data(), seed=st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_end_in_the_same_state(
    kind: str, data: st.DataObject, seed: random.Random
) -> None:
    family, heard = HEARD[kind]
    some = data.draw(st.lists(st.sampled_from(list(heard)), min_size=1, unique_by=lambda s: s.id))
    today = data.draw(st.dates(TODAY.replace(month=7), TODAY.replace(year=2024)))
    other = some[:]
    seed.shuffle(other)
    assert unversioned(ends_in(family, some, today)) == unversioned(ends_in(family, other, today))
    twice = {each.id: each for each in [*other, *some]}
    assert unversioned(ends_in(family, list(twice.values()), today)) == unversioned(
        ends_in(family, some, today)
    )
