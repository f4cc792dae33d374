"""The life cycle of a stay: who may take which step when, and what the clock does."""

from collections.abc import Callable
from typing import Any

import pytest

from services.mobility.domain import reconciling
from services.mobility.domain import stays as rules
from services.mobility.domain.stays import Stay
from services.mobility.events import StayCompleted, StayCorrected, StayReturnedEarly, StayStarted
from shared.dates import PartialDate
from shared.errors import Rejected
from tests.mobility.making import PARTNER, TODAY, a_stay

ON = PartialDate("2019-06-10")
LETTER = "letter of 2019-03-01"


def refused(step: Callable[[], Any]) -> str:
    with pytest.raises(Rejected) as refusal:
        step()
    return refusal.value.code


def test_a_stay_goes_through_its_whole_life() -> None:
    stay = a_stay(credits={"planned": 20})
    day = PartialDate("2019-03-05")
    stay, _ = rules.approve(stay, on=day, evidence=LETTER, today=TODAY)
    stay, facts = rules.confirm(stay, on=day, today=day.first)
    assert stay.status == "confirmed"
    assert [type(fact).__name__ for fact in facts] == ["StayConfirmed"]
    stay, _ = rules.start(stay, on=PartialDate("2019-04-02"), today=TODAY)
    stay, _ = rules.complete(stay, on=ON, evidence=LETTER, today=TODAY)
    stay, _ = rules.receive_transcript(stay, awarded=18, on=ON, today=TODAY)
    stay, _ = rules.recognise(stay, recognised=16, on=ON, evidence=None, today=TODAY)
    assert stay.status == "recognised"
    assert (stay.credits.planned, stay.credits.awarded, stay.credits.recognised) == (20, 18, 16)
    assert (stay.actual_from, stay.actual_until) == ("2019-04-02", "2019-06-10")
    assert stay.version == 7


def test_the_acceptance_of_the_other_side_needs_evidence() -> None:
    stay = a_stay(direction="out")
    assert refused(lambda: rules.approve(stay, on=ON, evidence=None, today=TODAY)) == (
        "evidence-missing"
    )
    ours = a_stay(direction="in", host_country="VN")
    accepted, _ = rules.approve(ours, on=ON, evidence=None, today=TODAY)
    assert accepted.status == "approved"


def test_recognition_by_the_other_side_needs_evidence() -> None:
    stay = a_stay(
        direction="in",
        status="transcript-received",
        credits={"planned": 20, "awarded": 20},
        actual_until="2019-06-01",
    )
    code = refused(lambda: rules.recognise(stay, recognised=20, on=ON, evidence=None, today=TODAY))
    assert code == "evidence-missing"


def test_a_nomination_that_was_not_accepted_cannot_be_confirmed() -> None:
    assert refused(lambda: rules.confirm(a_stay(), on=ON, today=TODAY)) == "stay-nominated"


def test_no_transcript_comes_where_no_credits_were_planned() -> None:
    stay = a_stay(status="completed", actual_until="2019-06-01")
    code = refused(lambda: rules.receive_transcript(stay, awarded=5, on=ON, today=TODAY))
    assert code == "credits-not-planned"


def test_no_more_is_recognised_than_was_awarded() -> None:
    stay = a_stay(status="transcript-received", credits={"planned": 20, "awarded": 18})
    code = refused(lambda: rules.recognise(stay, recognised=19, on=ON, evidence=None, today=TODAY))
    assert code == "credits-exceed-award"


def test_a_stay_under_way_cannot_be_withdrawn() -> None:
    stay = a_stay(status="under-way")
    code = refused(lambda: rules.withdraw(stay, on=ON, reason=None, today=TODAY))
    assert code == "stay-under-way"


def test_one_who_arrived_is_no_no_show() -> None:
    stay = a_stay(status="under-way", actual_from="2019-04-02")
    code = refused(lambda: rules.miss(stay, on=ON, reason=None, evidence=LETTER, today=TODAY))
    assert code == "stay-began"


def test_what_is_yet_to_come_cannot_be_recorded_as_done() -> None:
    stay = a_stay(status="approved")
    tomorrow = PartialDate("2019-06-16")
    assert refused(lambda: rules.confirm(stay, on=tomorrow, today=TODAY)) == "date-in-future"


def test_confirming_late_lets_the_days_have_their_say() -> None:
    stay, facts = rules.confirm(a_stay(status="approved"), on=ON, today=TODAY)
    assert stay.status == "under-way"
    assert isinstance(facts[-1], StayStarted)
    assert stay.actual_from is None


def test_the_clock_ends_a_stay_on_the_day_after_its_last() -> None:
    stay = a_stay(status="under-way")
    assert rules.by_the_dates(stay, today=stay.planned_until.last)[1] == ()
    ended, facts = rules.by_the_dates(stay, today=stay.planned_until.last.replace(month=9, day=1))
    assert ended.status == "completed"
    assert [type(fact) for fact in facts] == [StayCompleted]


def test_days_known_by_the_year_count_by_their_last_day() -> None:
    stay = a_stay(status="confirmed", planned_from="2019", planned_until="2019")
    assert rules.by_the_dates(stay, today=TODAY)[0].status == "confirmed"
    over, _ = rules.by_the_dates(stay, today=TODAY.replace(year=2020))
    assert over.status == "completed"


def test_an_extension_revives_what_the_clock_had_completed() -> None:
    stay = a_stay(status="completed", planned_until="2019-05-31")
    longer, _ = rules.extend(stay, until=PartialDate("2019-12-31"), reason=None, today=TODAY)
    assert (longer.status, longer.extended) == ("under-way", True)


def test_an_extension_that_ends_earlier_is_refused() -> None:
    stay = a_stay(status="under-way")
    code = refused(
        lambda: rules.extend(stay, until=PartialDate("2019-07-31"), reason=None, today=TODAY)
    )
    assert code == "stay-not-longer"


def test_an_early_return_keeps_both_days() -> None:
    stay = a_stay(status="under-way")
    back, facts = rules.return_early(stay, on=ON, reason="ill", evidence=LETTER, today=TODAY)
    assert (back.status, back.returned_early) == ("completed", True)
    assert (back.planned_until, back.actual_until) == ("2019-08-31", "2019-06-10")
    assert isinstance(facts[0], StayReturnedEarly)


@pytest.mark.parametrize("field", ["person_ref", "direction", "partner"])
def test_person_and_institutions_of_a_stay_never_change(field: str) -> None:
    stay = a_stay()
    value = {"person_ref": "st:2", "direction": "in", "partner": "partner-x"}[field]
    code = refused(
        lambda: rules.correct(stay, field=field, value=value, reason="typo", today=TODAY)
    )
    assert code == "stay-parties-fixed"
    told = {field: value}
    code = refused(lambda: reconciling.reconcile(stay, told, reason="list", today=TODAY))
    assert code == "stay-parties-fixed"


def test_a_partner_that_was_not_known_may_become_known() -> None:
    stay = a_stay(partner=None, partner_name="SIT")
    known, _ = rules.correct(stay, field="partner", value=PARTNER, reason="found", today=TODAY)
    assert known.partner == PARTNER


def test_a_correction_that_changes_nothing_is_refused() -> None:
    stay = a_stay()
    code = refused(
        lambda: rules.correct(stay, field="host_country", value="JP", reason="-", today=TODAY)
    )
    assert code == "nothing-to-correct"


def test_a_corrected_last_day_takes_the_status_along() -> None:
    stay = a_stay(status="completed", planned_until="2019-05-31")
    mended, facts = rules.correct(
        stay, field="planned_until", value="2019-07-31", reason="typo", today=TODAY
    )
    assert mended.status == "under-way"
    assert isinstance(facts[0], StayCorrected)
    assert facts[0].changes == {"planned_until": "2019-07-31", "status": "under-way"}


def test_a_status_against_the_days_is_no_correction() -> None:
    stay = a_stay(status="under-way")
    code = refused(
        lambda: rules.correct(stay, field="status", value="confirmed", reason="-", today=TODAY)
    )
    assert code == "status-contradicts-days"


def test_a_stay_cannot_end_before_it_starts() -> None:
    backwards = a_stay(planned_until="2019-03-31")
    assert refused(lambda: rules.nominate(backwards)) == "stay-ends-before-it-starts"


def told(stay: Stay, **fields: Any) -> tuple[Stay, list[str]]:
    after, facts = reconciling.reconcile(stay, fields, reason="re-imported", today=TODAY)
    return after, [type(fact).__name__ for fact in facts]


def test_a_list_that_says_the_same_changes_nothing() -> None:
    stay = a_stay(status="under-way")
    assert told(stay, host_country="JP", credits={"planned": None}, status="under-way") == (
        stay,
        [],
    )


def test_a_list_that_lags_behind_the_days_changes_nothing() -> None:
    stay = a_stay(status="under-way")
    assert told(stay, status="confirmed")[1] == []


def test_a_list_that_says_more_is_applied_as_steps_and_corrections() -> None:
    stay = a_stay(status="confirmed", planned_from="2019-07-01")
    after, facts = told(
        stay, status="completed", actual_from="2019-05-02", actual_until="2019-06-01", funding="JST"
    )
    assert facts == ["StayCorrected", "StayStarted", "StayCompleted"]
    assert (after.status, after.actual_from, after.actual_until) == (
        "completed",
        "2019-05-02",
        "2019-06-01",
    )
    assert after.funding == "JST"


def test_a_list_cannot_take_a_status_back() -> None:
    stay = a_stay(status="recognised", credits={"planned": 4, "awarded": 4, "recognised": 4})
    assert refused(lambda: told(stay, status="nominated")) == "status-went-back"
    assert refused(lambda: told(stay, status="withdrawn")) == "stay-began"


def test_a_list_cannot_revive_what_was_withdrawn() -> None:
    assert refused(lambda: told(a_stay(status="withdrawn"), status="confirmed")) == "stay-ended"


def test_a_later_last_day_in_a_list_is_an_extension() -> None:
    stay = a_stay(status="completed", planned_until="2019-05-31")
    after, facts = told(stay, planned_until="2019-10-31", extended=True)
    assert (after.status, after.extended, after.planned_until) == ("under-way", True, "2019-10-31")
    assert "StayExtended" in facts
