"""What a benchmark says can be trusted: its oracle refuses what is wrong, its page is its JSON."""

import json
from collections.abc import Sequence

import pytest

from benchmarks.history import Event, history
from benchmarks.oracle import READ, check_history, check_records
from benchmarks.page import DOCS, FIGURES, PICTURES, pages
from benchmarks.report import read_json
from benchmarks.runner import Contender, Reading, WrongResult, in_turn
from benchmarks.works.projection import Projection

EVENTS = list(history(200))
Row = tuple[str, int, str]


def told() -> list[Row]:
    """The right history of these events."""
    rows = []
    for event in sorted(EVENTS, key=lambda each: (each.subject, each.version)):
        fields = json.loads(event.data)
        rows.append((event.subject, event.version, json.dumps(fields.get("changes", fields))))
    return rows


def known() -> list[Row]:
    """The right records of these events."""
    states: dict[str, tuple[int, dict[str, object]]] = {}
    services = {event.subject: event.service for event in EVENTS}
    for subject, version, text in told():
        state = states.get(subject, (0, {}))[1]
        read = READ[services[subject]]
        new = {name: value for name, value in json.loads(text).items() if name in read}
        states[subject] = (version, {**state, **new})
    return [(subject, version, json.dumps(state)) for subject, (version, state) in states.items()]


def changed(row: Row) -> Row:
    fields = json.loads(row[2])
    fields[next(iter(fields))] = "something else"
    return row[0], row[1], json.dumps(fields)


def wrongly(rows: Sequence[Row]) -> list[list[Row]]:
    """One is missing, the last is, one is there twice, one has another value or version."""
    first, *rest = rows
    return [
        rest,
        list(rows[:-1]),
        [first, *rows],
        [changed(first), *rest],
        [(first[0], first[1] + 1, first[2]), *rest],
        [*rows[:-1], changed(rows[-1])],
    ]


def test_the_oracle_takes_a_right_projection_and_no_wrong_one() -> None:
    check_history(told(), EVENTS)
    check_records(known(), EVENTS)
    for rows in wrongly(told()):
        with pytest.raises(WrongResult):
            check_history(rows, EVENTS)
    for rows in wrongly(known()):
        with pytest.raises(WrongResult):
            check_records(rows, EVENTS)


def test_facts_of_the_benchmarks_are_of_the_size_and_kinds_that_are_said() -> None:
    events: list[Event] = list(history(5_000))
    sizes = [len(event.data) for event in events]
    assert 400 <= sum(sizes) / len(sizes) <= 600
    assert len({event.type for event in events}) >= 8
    assert {event.service for event in events} == {"agreements", "visits", "mobility"}


async def test_a_wrong_result_has_no_figure_and_ratios_are_those_within_a_round() -> None:
    limits, ours = iter((100.0, 50.0, 200.0)), iter((50.0, 25.0, 20.0))

    async def limit() -> Sequence[Reading]:
        return [Reading("bare", next(limits), "events/s")]

    async def product() -> Sequence[Reading]:
        return [Reading("rapport", next(ours), "events/s")]

    async def liar() -> Sequence[Reading]:
        raise WrongResult("it dropped one")

    contenders = (Contender("bare", limit), Contender("rapport", product), Contender("liar", liar))
    figures = {f.contender: f for f in await in_turn(Projection(), contenders, rounds=3)}
    assert (figures["bare"].value, figures["bare"].ratio_to_limit) == (100.0, 1.0)
    assert (figures["rapport"].value, figures["rapport"].ratio_to_limit) == (25.0, 0.5)
    assert (figures["liar"].value, figures["liar"].checked) == (None, False)


def test_the_page_and_its_pictures_say_what_the_kept_run_found() -> None:
    made = dict(pages(read_json(FIGURES)))
    for path, content in made.items():
        assert path.read_text(encoding="utf-8") == content, f"{path}: python -m benchmarks.page"
    assert set(DOCS.glob(PICTURES)) <= made.keys()
