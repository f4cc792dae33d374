"""Agreements entered as they are, mended, and told again by the office's list."""

from datetime import date
from typing import Any

import pytest

from services.agreements.domain import agreement_records as records
from services.agreements.domain.decisions import news
from services.agreements.events.agreements import AgreementFields, AgreementWhole
from services.agreements.events.values import AgreementId
from tests.agreements.making import OURS, THEIRS, TODAY, an_agreement, refused, types

SUBJECT = AgreementId("agreement-01k9zv5n3m8q4w7t2r6y0a1b2c")


def _told(**fields: Any) -> AgreementFields:
    return AgreementFields.model_validate(
        {
            "unit": "hust/me",
            "kind": "exchange",
            "title": "Exchange of students",
            "parties": [{"party": OURS, "side": "ours"}, {"party": THEIRS, "side": "theirs"}],
        }
        | fields
    )


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ({}, "proposed"),
        ({"signed_on": "2014"}, "in-force"),
        ({"signed_on": "2025-11-17"}, "in-force"),
        ({"signed_on": "2025-10", "valid_from": "2026-01"}, "signed"),
        ({"valid_from": "2014", "valid_until": "2019"}, "lapsed"),
        ({"valid_from": "2014", "valid_until": "2025"}, "in-force"),
        (
            {
                "valid_from": "2014",
                "valid_until": "2019",
                "renewal": {"rule": "tacit", "months": 12},
            },
            "in-force",
        ),
        ({"valid_from": "2014", "valid_until": "2019", "ended_on": "2019"}, "lapsed"),
        ({"valid_from": "2014", "notice_on": "2018-01", "ended_on": "2018-06"}, "terminated"),
        ({"valid_from": "2014", "valid_until": "2030", "ended_on": "2026-08"}, "terminated"),
        ({"valid_from": "2014", "ended_on": "2018", "superseded_by": SUBJECT}, "superseded"),
    ],
)
def test_a_status_that_is_not_told_follows_the_dates(dates: dict[str, Any], status: str) -> None:
    assert records.record(SUBJECT, _told(**dates), today=TODAY)[0].status == status


def test_a_status_that_is_told_is_kept_and_what_is_odd_is_said() -> None:
    told = _told(status="in-force", valid_from="2014", valid_until="2019")
    agreement, _ = records.record(SUBJECT, told, today=TODAY)
    assert agreement.status == "in-force"
    assert records.doubts(agreement, today=TODAY) == [
        "no date of signature is given",
        "it is said to be in force, but its last day was 2019",
    ]


def test_a_record_without_a_first_day_is_valid_from_its_signature() -> None:
    agreement, _ = records.record(SUBJECT, _told(signed_on="2014-05"), today=TODAY)
    assert agreement.valid_from == "2014-05"


def test_a_sound_record_raises_no_doubt() -> None:
    assert records.doubts(an_agreement(valid_until="2030"), today=TODAY) == []


def test_one_sided_approval_of_the_past_is_recorded_with_a_warning() -> None:
    agreement = an_agreement(valid_until="2030", approvals=[{"side": "ours", "on": "2025"}])
    assert records.doubts(agreement, today=TODAY) == ["only our side's approval is recorded"]


def test_the_fact_of_a_recording_carries_every_field() -> None:
    _, (fact,) = records.record(SUBJECT, _told(), today=TODAY)
    assert fact.model_fields_set == set(AgreementWhole.model_fields)


# --- corrections ---------------------------------------------------------------------------------


def test_a_correction_says_what_it_set_and_why() -> None:
    mended, (fact,) = records.correct(
        an_agreement(), {"title": "Exchange of staff"}, reason="misread", today=TODAY
    )
    assert mended.title == "Exchange of staff"
    assert fact.model_dump() == {"changes": {"title": "Exchange of staff"}, "reason": "misread"}


@pytest.mark.parametrize("field", ["status", "superseded_by", "ref", "id", "version", "colour"])
def test_what_a_step_sets_is_not_corrected(field: str) -> None:
    with refused("field-not-correctable", field=field):
        records.correct(an_agreement(), {field: "x"}, reason="wrong", today=TODAY)


def test_a_corrected_value_is_named_by_its_place_when_it_is_impossible() -> None:
    parties = [{"party": OURS, "side": "ours"}, {"party": THEIRS, "side": "middle"}]
    with refused("value-invalid", field="parties.1.side"):
        records.correct(an_agreement(), {"parties": parties}, reason="wrong", today=TODAY)


def test_a_correction_leaves_a_sound_agreement() -> None:
    with refused("agreement-ends-before-it-begins", field="valid_until"):
        records.correct(an_agreement(), {"valid_until": "2024"}, reason="wrong", today=TODAY)


def test_a_party_that_signed_is_not_corrected_away() -> None:
    parties = [{"party": "hust", "side": "ours"}, {"party": THEIRS, "side": "theirs"}]
    with refused("agreement-party-unknown", field="signatures.0.party"):
        records.correct(an_agreement(), {"parties": parties}, reason="wrong", today=TODAY)


def test_a_lapse_on_a_wrong_last_day_is_undone_with_it() -> None:
    lapsed = an_agreement("lapsed", valid_until="2025-08-31", ended_on="2025-08-31")
    mended, facts = records.correct(
        lapsed, {"valid_until": "2028-08-31"}, reason="misread", today=TODAY
    )
    assert (mended.status, mended.ended_on, len(facts)) == ("in-force", None, 1)


def test_a_lapse_on_another_past_day_stays_a_lapse_on_that_day() -> None:
    lapsed = an_agreement("lapsed", valid_until="2025-08-31", ended_on="2025-08-31")
    mended, _ = records.correct(lapsed, {"valid_until": "2025-07-31"}, reason="x", today=TODAY)
    assert (mended.status, mended.ended_on) == ("lapsed", "2025-07-31")


# --- told again ----------------------------------------------------------------------------------


def test_a_list_told_again_unchanged_undoes_nothing_that_happened_since() -> None:
    told = {"status": "in-force", "title": "Exchange of students"}
    terminated = an_agreement("terminated", ended_on="2025-06-30")
    assert news(terminated, told=told, before=told) == {}


def test_a_list_that_now_says_what_is_known_says_nothing_new() -> None:
    terminated = an_agreement("terminated", ended_on="2025-06-30")
    now = {"status": "terminated", "ended_on": "2025-06-30"}
    assert news(terminated, told=now, before={"status": "in-force"}) == {}


def test_plain_fields_told_otherwise_are_one_correction() -> None:
    decided = records.reconcile(
        an_agreement(), {"title": "Exchange", "levels": [6, 7]}, today=TODAY
    )
    assert types(decided) == ["agreement-corrected"]
    assert decided[1][0].model_dump()["reason"] == "re-imported"


def test_a_later_end_of_a_renewable_agreement_is_a_renewal() -> None:
    agreement = an_agreement(valid_until="2025-12-31", renewal={"rule": "by-agreement"})
    decided = records.reconcile(agreement, {"valid_until": "2030-12-31"}, today=TODAY)
    assert types(decided) == ["agreement-renewed"]
    assert decided[0].valid_until == "2030-12-31"


def test_a_later_end_of_one_that_is_not_renewed_is_a_correction() -> None:
    agreement = an_agreement(valid_until="2025-12-31")
    decided = records.reconcile(agreement, {"valid_until": "2030-12-31"}, today=TODAY)
    assert types(decided) == ["agreement-corrected"]


def test_a_termination_told_by_the_list_is_a_termination() -> None:
    told = {"status": "terminated", "notice_on": "2025-03-01", "ended_on": "2025-09-30"}
    decided = records.reconcile(an_agreement(), told, today=TODAY)
    assert types(decided) == ["agreement-terminated"]
    assert (decided[0].notice_on, decided[0].ended_on) == ("2025-03-01", "2025-09-30")


def test_a_termination_without_its_last_day_is_refused() -> None:
    with refused("agreement-last-day-missing", field="ended_on"):
        records.reconcile(an_agreement(), {"status": "terminated"}, today=TODAY)


def test_a_proposal_that_the_list_now_has_in_force_was_signed_by_each_party() -> None:
    told = {"status": "in-force", "signed_on": "2025-09-01"}
    decided = records.reconcile(an_agreement("proposed"), told, today=TODAY)
    assert types(decided) == [
        "agreement-signed",
        "agreement-signed",
        "agreement-entered-into-force",
    ]
    assert (decided[0].status, decided[0].signed_on, decided[0].valid_from) == (
        "in-force",
        "2025-09-01",
        "2025-09-01",
    )


def test_a_signature_without_its_day_is_refused() -> None:
    with refused("agreement-signing-date-missing", field="signed_on"):
        records.reconcile(an_agreement("approved"), {"status": "signed"}, today=TODAY)


def test_what_is_not_valid_yet_is_not_in_force() -> None:
    told = {"status": "in-force", "signed_on": "2025-09-01", "valid_from": "2026-01-01"}
    with refused("agreement-not-yet-valid", field="valid_from"):
        records.reconcile(an_agreement("approved"), told, today=TODAY)


def test_an_approval_told_by_the_list_covers_the_sides_that_are_missing() -> None:
    approvals = [{"side": "ours", "on": "2025-10-01"}]
    half = an_agreement("under-review", approvals=approvals)
    decided = records.reconcile(half, {"status": "approved"}, today=TODAY)
    assert types(decided) == ["agreement-approved"]
    assert decided[0].status == "approved"


def test_a_list_does_not_bring_back_what_has_ended() -> None:
    terminated = an_agreement("terminated", ended_on="2025-06-30")
    with refused("agreement-has-ended", field="status"):
        records.reconcile(terminated, {"status": "in-force"}, today=TODAY)


def test_a_list_does_not_take_a_step_back() -> None:
    with refused("agreement-cannot-go-back", field="status"):
        records.reconcile(an_agreement(), {"status": "approved"}, today=TODAY)


def test_what_was_in_force_is_not_withdrawn_by_a_list() -> None:
    with refused("agreement-cannot-be-withdrawn", field="status"):
        records.reconcile(an_agreement(), {"status": "withdrawn"}, today=TODAY)


def test_a_renewal_that_the_list_tells_after_the_lapse_undoes_it() -> None:
    lapsed = an_agreement("lapsed", valid_until="2025-08-31", ended_on="2025-08-31")
    told = {"status": "in-force", "valid_until": "2030-08-31"}
    after, _ = records.reconcile(lapsed, told, today=TODAY)
    assert (after.status, after.valid_until, after.ended_on) == ("in-force", "2030-08-31", None)


@pytest.mark.parametrize(
    ("now", "told", "step"),
    [
        ("proposed", {"status": "under-review"}, "agreement-submitted-for-review"),
        ("approved", {"status": "withdrawn"}, "agreement-withdrawn"),
        ("in-force", {"status": "suspended"}, "agreement-suspended"),
        ("suspended", {"status": "in-force"}, "agreement-resumed"),
        ("in-force", {"status": "lapsed", "valid_until": "2025-06"}, "agreement-lapsed"),
        ("in-force", {"status": "superseded", "ended_on": "2025-06"}, "agreement-superseded"),
    ],
)
def test_a_status_told_otherwise_is_the_step_that_leads_there(
    now: str, told: dict[str, Any], step: str
) -> None:
    decided = records.reconcile(an_agreement(now), told, today=TODAY)
    assert types(decided)[0] == step
    assert decided[0].status == told["status"]


def test_a_proposal_that_the_list_has_ended_went_the_whole_way() -> None:
    told = {"status": "lapsed", "signed_on": "2020-03", "valid_until": "2024-12"}
    decided = records.reconcile(an_agreement("proposed"), told, today=date(2025, 11, 17))
    assert types(decided) == [
        "agreement-signed",
        "agreement-signed",
        "agreement-entered-into-force",
        "agreement-lapsed",
        "agreement-corrected",
    ]
    assert (decided[0].status, decided[0].ended_on) == ("lapsed", "2024-12")
