"""Facts fold into versions, whatever the batches."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.folding import Folded, Told, fields_of, fold
from services.reporting.incoming import AGREEMENTS, KINDS, MOBILITY, VISITS, kind_of

START = datetime(2025, 1, 1, tzinfo=UTC)


def told(subject: str, version: int, minutes: int, **fields: Any) -> Told:
    data = json.dumps(fields).encode()
    return Told(subject, version, START + timedelta(minutes=minutes), fields_of(data))


def folded(subject: str, **fields: Any) -> Folded:
    return fold({}, [told(subject, 1, 0, **fields)])[1][subject]


histories = st.lists(
    st.tuples(
        st.sampled_from(["stay-a", "stay-b", "visit-c"]),
        st.integers(-5, 60),
        st.dictionaries(
            st.sampled_from(["unit", "status", "note"]), st.none() | st.text(max_size=3)
        ),
    ),
    max_size=25,
)


@given(histories, st.lists(st.integers(1, 5), min_size=1, max_size=25))
def test_versions_do_not_depend_on_how_facts_were_cut_into_batches(
    history: list[tuple[str, int, dict[str, Any]]], cuts: list[int]
) -> None:
    counts: dict[str, int] = {}
    facts = []
    for subject, minutes, fields in history:
        counts[subject] = counts.get(subject, 0) + 1
        facts.append(told(subject, counts[subject], minutes, **fields))
    known: list[Told] = []
    latest: dict[str, Folded] = {}
    rest = list(facts)
    turn = 0
    while rest:
        size = cuts[turn % len(cuts)]
        turn += 1
        pieces, records = fold(latest, rest[:size])
        known += pieces
        latest |= records
        rest = rest[size:]
    assert (known, latest) == fold({}, facts)


@given(histories)
def test_nothing_is_known_before_what_it_follows(
    history: list[tuple[str, int, dict[str, Any]]],
) -> None:
    facts = [told("stay-a", n, minutes, **f) for n, (_, minutes, f) in enumerate(history, 1)]
    instants = [fact.time for fact in fold({}, facts)[0]]
    assert instants == sorted(instants)


def test_a_field_that_is_cleared_is_cleared_and_one_that_is_not_named_stays() -> None:
    first = told("stay-a", 1, 0, unit="hust", partner="partner-1", status="nominated")
    record = fold({}, [first, told("stay-a", 2, 1, partner=None)])[1]["stay-a"]
    assert json.loads(record.state) == {"unit": "hust", "partner": None, "status": "nominated"}


def test_only_what_is_read_is_merged_and_a_correction_by_its_changes() -> None:
    moved = folded("stay-a", status="under-way", actual_from="2019-03", reason='of "changes"')
    assert json.loads(moved.state) == {"status": "under-way", "actual_from": "2019-03"}
    interrupted = {"interruptions": [{"from": "2019-04-01", "until": "2019-04-05"}]}
    mended = folded("stay-a", changes=interrupted, reason="x")
    assert json.loads(mended.state) == interrupted


def test_a_record_belongs_to_its_owner_those_it_is_shared_with_and_our_parties() -> None:
    parties = [{"party": "hust/ee", "side": "ours"}, {"party": "partner-1", "side": "theirs"}]
    record = folded("agreement-a", unit="hust", shared_with=["hust/me"], parties=parties)
    assert record.units == ("hust", "hust/me", "hust/ee")
    shared = told("agreement-a", 2, 1, changes={"shared_with": []}, reason="x")
    assert fold({"agreement-a": record}, [shared])[1]["agreement-a"].units == ("hust", "hust/ee")


def test_the_days_of_a_stay_are_the_actual_ones_where_they_are_known() -> None:
    state = {"planned_from": "2019-03", "planned_until": "2019-07", "actual_from": "2019-03-04"}
    record = folded("stay-a", **state)
    assert (str(record.first), str(record.last)) == ("2019-03-04", "2019-07-31")
    assert (folded("partner-a").first, record.kind) == (None, "stay")


def test_every_type_that_is_read_folds_into_a_kind_that_is_known() -> None:
    for type_ in (*AGREEMENTS, *VISITS, *MOBILITY):
        name = type_.split(".")[2]
        assert any(name.startswith(f"{kind}-") for kind in KINDS), type_
    assert kind_of("joint-programme-01k9zq3v7c8d2e4f6g8h0j2k4m") == "joint-programme"
