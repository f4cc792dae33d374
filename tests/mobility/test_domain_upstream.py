"""What HR and the registrar say comes to the same, in whatever order it is heard."""

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.mobility.contracts import EXAMPLES
from services.mobility.domain import reconciling, stays
from services.mobility.domain.following import stay_news
from services.mobility.domain.statements import Statement, standing
from services.mobility.domain.stays import Stay
from services.mobility.domain.targets import Family, Target, is_of_interest, target_of
from services.mobility.incoming import UPSTREAM
from tests.mobility.making import STAY, TODAY, said

REGISTERED = "upstream.registrar.exchange-registered.v1"
DEPARTED = "upstream.registrar.student-departed.v1"
RETURNED = "upstream.registrar.student-returned.v1"
CREDITS = "upstream.registrar.credits-recognised.v1"
GRADUATED = "upstream.registrar.student-graduated.v1"
ENROLLED = "upstream.registrar.student-enrolled.v1"
DESTINATION = "upstream.registrar.graduate-destination.v1"
HIRED = "upstream.hr.employee-hired.v1"
CHANGED = "upstream.hr.employee-changed.v1"
LEFT = "upstream.hr.employee-departed.v1"
LEAVE = "upstream.hr.leave-approved.v1"
LEAVE_ENDED = "upstream.hr.leave-ended.v1"


def country_of(_unit: str) -> str:
    return "VN"


def target(statements: Sequence[Statement], family: Family = "stay") -> Target | None:
    first = statements[0]
    return target_of(
        family,
        record=first.record,
        about=first.about,
        statements=statements,
        country_of=country_of,
    )


def the(statements: Sequence[Statement], family: Family = "stay") -> Target:
    found = target(statements, family)
    assert found is not None
    return found


def test_nothing_is_made_before_something_opens_it() -> None:
    assert target([said(DEPARTED, id_="d", minute=1)]) is None


def test_a_departure_that_came_first_counts_once_the_stay_is_registered() -> None:
    both = [said(DEPARTED, id_="d", minute=9), said(REGISTERED, id_="r", minute=1)]
    assert the(both).fields["actual_from"] == "2019-08-04"
    assert the(both) == the(both[::-1])


def test_a_correction_takes_the_place_of_what_it_corrects() -> None:
    wrong = said(REGISTERED, id_="r", minute=1)
    extended = said(REGISTERED, id_="x", minute=2, ends_on="2019-09-15")
    corrected = said(REGISTERED, id_="c", minute=3, replaces="r", funding="JST")
    assert [s.id for s in standing([corrected, extended, wrong])] == ["c", "x"]
    assert the([wrong, extended, corrected]).fields["planned_until"] == "2019-09-15"


def test_a_correction_counts_before_what_it_corrects_has_come() -> None:
    corrected = said(REGISTERED, id_="c", minute=3, replaces="r", ends_on="2019-08-25")
    late = said(REGISTERED, id_="r", minute=1)
    assert the([corrected]).fields["planned_until"] == "2019-08-25"
    assert the([corrected, late]).fields["planned_until"] == "2019-08-25"


def test_a_term_that_is_sent_again_is_no_extension() -> None:
    twice = [said(REGISTERED, id_="r", minute=1), said(REGISTERED, id_="again", minute=500)]
    assert the(twice).fields["extended"] is False


def test_a_later_last_day_of_a_settled_stay_is_an_extension() -> None:
    longer = [
        said(REGISTERED, id_="r", minute=1),
        said(REGISTERED, id_="x", minute=9, ends_on="2019-09-30"),
    ]
    assert the(longer).fields["extended"] is True


def test_a_withdrawn_nomination_is_withdrawn_even_if_it_was_sent_twice() -> None:
    nominated = [
        said(REGISTERED, id_="r", minute=1, state="nominated"),
        said(REGISTERED, id_="again", minute=5, state="nominated"),
    ]
    taken_back = said(
        REGISTERED, id_="w", minute=9, state="nominated", replaces="r", withdrawn=True
    )
    assert the([*nominated, taken_back]).status == "withdrawn"


def test_a_withdrawal_without_a_name_takes_back_all_that_was_said_before() -> None:
    heard = [
        said(REGISTERED, id_="r", minute=1),
        said(REGISTERED, id_="w", minute=2, withdrawn=True),
    ]
    assert the(heard).status == "withdrawn"
    anew = said(REGISTERED, id_="n", minute=3)
    assert the([*heard, anew]).status == "confirmed"


def test_a_return_that_is_taken_back_leaves_the_stay_under_way() -> None:
    heard = [
        said(REGISTERED, id_="r", minute=1),
        said(DEPARTED, id_="d", minute=2),
        said(RETURNED, id_="b", minute=3),
        said(RETURNED, id_="w", minute=4, replaces="b", withdrawn=True),
    ]
    assert the(heard).fields["actual_until"] is None
    assert the(heard).fields["actual_from"] == "2019-08-04"


def test_leave_that_was_not_taken_is_a_no_show() -> None:
    heard = [said(LEAVE, id_="l", minute=1), said(LEAVE_ENDED, id_="e", minute=2, taken=False)]
    assert the(heard).status == "no-show"


def test_another_person_under_the_same_record_is_another_stay() -> None:
    wrong = said(REGISTERED, id_="r", minute=1)
    right = said(REGISTERED, id_="c", minute=2, replaces="r", person_ref="st:right")
    assert the([wrong, right]).status == "withdrawn"
    assert the([right, wrong]).status == "confirmed"


def test_a_graduation_marks_earlier_stays_of_that_level_only() -> None:
    exchange = said(REGISTERED, id_="r", minute=1, person_ref="st:1")
    graduated = said(
        GRADUATED, id_="g", minute=2, record="ENR-9", person_ref="st:1", on="2021-06-30"
    )
    assert the([exchange, graduated]).fields["graduate"] is None  # a master, the stay a bachelor's
    same = said(
        GRADUATED,
        id_="g",
        minute=2,
        record="ENR-9",
        person_ref="st:1",
        on="2021-06-30",
        level="bachelor",
    )
    assert the([exchange, same]).fields["graduate"] is True
    before = said(
        GRADUATED,
        id_="g",
        minute=2,
        record="ENR-9",
        person_ref="st:1",
        on="2018-06-30",
        level="bachelor",
    )
    assert the([exchange, before]).fields["graduate"] is None


def test_graduation_ends_an_enrolment_from_abroad() -> None:
    heard = [said(ENROLLED, id_="e", minute=1), said(GRADUATED, id_="g", minute=2)]
    assert the(heard).fields["actual_until"] == "2019-08-30"
    assert the(heard).fields["graduate"] is True


def test_steps_of_an_application_keep_their_days() -> None:
    steps = [
        said(DESTINATION, id_="s", minute=1),
        said(DESTINATION, id_="a", minute=2, state="admitted", on="2020-03-01"),
        said(DESTINATION, id_="d", minute=3, state="departed", on="2020-09-10"),
    ]
    found = the(steps, "application")
    assert found.status == "departed"
    days = [found.fields[f"{step}_on"] for step in ("submitted", "decided", "departed")]
    assert days == ["2019-11-01", "2020-03-01", "2020-09-10"]
    assert the(steps[::-1], "application") == found


def test_a_contract_that_changed_and_ended_keeps_the_last_word() -> None:
    heard = [
        said(HIRED, id_="h", minute=1),
        said(CHANGED, id_="c", minute=2),
        said(LEFT, id_="l", minute=3),
    ]
    assert the(heard[:1], "appointment").fields["ends_on"] == "2021-02-28"
    assert the(heard[:2], "appointment").fields["ends_on"] == "2022-02-28"
    assert the(heard, "appointment").fields["ends_on"] == "2021-12-31"


def test_our_own_countrymen_and_other_leave_are_not_kept() -> None:
    hired = said(HIRED, id_="h", minute=1, foreign_expert=False, nationality="VN")
    assert not is_of_interest(hired.data, country_of)
    enrolled = said(
        ENROLLED, id_="e", minute=1, nationality="VN", without=("prior_education_country",)
    )
    assert not is_of_interest(enrolled.data, country_of)
    other = said(LEAVE, id_="l", minute=1, leave_type="illness", diagnosis="nobody's business")
    assert not is_of_interest(other.data, country_of)
    assert "diagnosis" not in other.data.model_dump()


@pytest.mark.parametrize(
    ("event_type", "unknown"), [(REGISTERED, "name"), (LEAVE, "email"), (HIRED, "date_of_birth")]
)
def test_a_field_that_is_not_in_the_contract_is_refused(event_type: str, unknown: str) -> None:
    with pytest.raises(ValueError, match="extra_forbidden"):
        UPSTREAM[event_type].model_validate(EXAMPLES[event_type]["data"] | {unknown: "A"})


@pytest.mark.parametrize("person", ["Nguyen Van A", "a@hust.edu.vn", ""])
def test_a_name_or_an_address_is_no_person_ref(person: str) -> None:
    with pytest.raises(ValueError, match="string_pattern_mismatch"):
        UPSTREAM[DEPARTED].model_validate({"record": "R", "person_ref": person, "on": "2019-01-01"})


# --- any order -----------------------------------------------------------------------------------

HEARD = [
    said(REGISTERED, id_="r1", minute=1, state="nominated"),
    said(REGISTERED, id_="r2", minute=2),
    said(REGISTERED, id_="r2-again", minute=3),
    said(REGISTERED, id_="r3", minute=4, ends_on="2019-09-30"),
    said(REGISTERED, id_="c1", minute=5, replaces="r2", funding="JST"),
    said(REGISTERED, id_="c2", minute=6, replaces="c1", funding="JASSO", credits_planned=6),
    said(REGISTERED, id_="w", minute=7, withdrawn=True, replaces="r3"),
    said(DEPARTED, id_="d", minute=8),
    said(DEPARTED, id_="d-corrected", minute=9, replaces="d", on="2019-08-06"),
    said(RETURNED, id_="b", minute=10, early=True, on="2019-08-20"),
    said(CREDITS, id_="k", minute=11, without=("recognised",), awarded=4),
    said(CREDITS, id_="k2", minute=12, without=("awarded",), recognised=4),
    said(CREDITS, id_="k-withdrawn", minute=13, withdrawn=True, replaces="k2"),
    said(REGISTERED, id_="w-all", minute=14, withdrawn=True),
]
SOME = st.lists(st.sampled_from(HEARD), min_size=1, unique_by=lambda s: s.id)


def live(heard: Sequence[Statement], today: Any = TODAY) -> Stay | None:
    """One event after another, as the service applies them."""
    stay: Stay | None = None
    before: Target | None = None
    for number in range(1, len(heard) + 1):
        now = target(heard[:number])
        if now is None or now == before:
            continue
        if stay is None:
            fresh = Stay.model_validate(now.fields | {"id": STAY, "status": now.status})
            stay, _ = stays.record(fresh, today=today)
        else:
            news = stay_news(stay, before=before, now=now, today=today)
            stay, _ = reconciling.reconcile(stay, news, reason="-", today=today, mends=True)
        before = now
    return stay


def unversioned(stay: Stay | None) -> Any:
    return None if stay is None else stay.model_dump(exclude={"version"})


@settings(max_examples=400, deadline=None)
@given(
    subset=SOME,
    seed=st.randoms(use_true_random=False),
    today=st.dates(TODAY.replace(month=7), TODAY.replace(year=2020)),
)
def test_any_order_ends_in_the_same_state(
    subset: list[Statement], seed: random.Random, today: Any
) -> None:
    other = subset[:]
    seed.shuffle(other)
    assert unversioned(live(subset, today)) == unversioned(live(other, today))


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(), subset=st.lists(st.sampled_from(HEARD), min_size=1, unique_by=lambda s: s.id)
)
def test_hearing_something_again_changes_nothing(
    data: st.DataObject, subset: list[Statement]
) -> None:
    repeated = subset + data.draw(st.lists(st.sampled_from(subset), max_size=6))
    once = {s.id: s for s in repeated}
    assert unversioned(live(list(once.values()))) == unversioned(live(subset))


def test_what_a_coordinator_mended_outlives_what_upstream_repeats() -> None:
    registered = [said(REGISTERED, id_="r", minute=1)]
    before = the(registered)
    stay = Stay.model_validate(before.fields | {"id": STAY, "status": before.status})
    stay, _ = stays.correct(
        stay, field="host_country", value="KR", reason="it was there", today=TODAY
    )
    now = the([*registered, said(DEPARTED, id_="d", minute=2, on="2019-06-01")])
    news = stay_news(stay, before=before, now=now, today=TODAY)
    after, _ = reconciling.reconcile(stay, news, reason="-", today=TODAY, mends=True)
    assert (after.host_country, after.actual_from) == ("KR", "2019-06-01")


def test_upstream_completes_what_a_coordinator_entered_and_overwrites_nothing() -> None:
    now = the([said(REGISTERED, id_="r", minute=1), said(DEPARTED, id_="d", minute=2)])
    entered = Stay.model_validate(
        now.fields
        | {
            "id": STAY,
            "status": "approved",
            "funding": "ours",
            "actual_from": None,
            "planned_from": "2019-08-01",
            "level": None,
            "credits": {"planned": 5},
        }
    )
    news = stay_news(entered, before=None, now=now, today=TODAY)
    after, _ = reconciling.reconcile(entered, news, reason="-", today=TODAY, mends=True)
    assert (after.funding, after.planned_from, after.credits.planned) == ("ours", "2019-08-01", 5)
    assert (after.level, after.actual_from, after.status) == ("bachelor", "2019-08-04", "confirmed")
