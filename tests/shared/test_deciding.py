"""What is done with a fact depends on its version, its digest and its subject alone."""

import random
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.consumer.deciding import Plan, decide
from shared.consumer.positions import START, Position
from shared.envelope import FactRecord, Record, read_fact
from tests.support.consuming import TYPE, NotedRead, Sent, history, rechained


def fact(sent: Sent, offset: int = 0) -> FactRecord:
    return read_fact(
        Record(
            topic="t",
            partition=0,
            offset=offset,
            timestamp=0,
            key=sent.subject.encode(),
            value=sent.data,
            headers=tuple(sent.headers),
        )
    )


def facts(*sent: Sent) -> list[FactRecord]:
    return [fact(each, offset) for offset, each in enumerate(sent)]


def plan(
    batch: Sequence[FactRecord],
    positions: dict[str, Position] | None = None,
    *,
    held: Sequence[FactRecord] = (),
    blocked: Sequence[str] = (),
) -> Plan:
    known = dict.fromkeys((each.subject for each in batch), START) | (positions or {})
    return decide(
        batch,
        positions=known,
        reads={TYPE: NotedRead},
        topic="t",
        held=held,
        blocked=blocked,
    )


def applied(made: Plan) -> list[tuple[str, int]]:
    return [(each.subject, each.version) for each in made.apply]


def test_the_next_version_is_applied_and_an_earlier_one_dropped() -> None:
    a = history("a", 3)
    made = plan(facts(a[2], a[0], a[2]), {"a": Position(2, a[1].digest)})
    assert applied(made) == [("a", 3)]
    assert made.duplicates == 2
    assert made.positions["a"] == Position(3, a[2].digest)


def test_what_comes_before_its_predecessor_is_applied_behind_it() -> None:
    a = history("a", 4)
    made = plan(facts(a[3], a[1], a[0], a[2]))
    assert applied(made) == [("a", 1), ("a", 2), ("a", 3), ("a", 4)]
    assert made.hold == []


def test_a_gap_holds_what_is_behind_it() -> None:
    a, b = history("a", 4), history("b", 1)
    made = plan(facts(a[0], a[2], b[0], a[3]))
    assert applied(made) == [("a", 1), ("b", 1)]
    assert [each.version for each in made.hold] == [3, 4]
    assert made.gaps == {"a": 1}


def test_held_facts_follow_as_soon_as_they_can() -> None:
    a = history("a", 5)
    made = plan(facts(a[1]), {"a": Position(1, a[0].digest)}, held=facts(a[2], a[4]))
    assert applied(made) == [("a", 2), ("a", 3)]
    assert [each.version for each in made.hold] == [5]


def test_a_blocked_subject_takes_no_fact_and_others_do() -> None:
    made = plan(facts(*history("a", 2), *history("b", 2)), blocked=["a"])
    assert applied(made) == [("b", 1), ("b", 2)]
    assert [(park.fact.version, park.reason) for park in made.park] == [
        (1, "behind"),
        (2, "behind"),
    ]


def test_a_duplicate_of_a_blocked_subject_is_dropped() -> None:
    a = history("a", 2)
    made = plan(facts(*a), {"a": Position(2, a[1].digest)}, blocked=["a"])
    assert made.park == []
    assert made.duplicates == 2


def test_a_broken_chain_blocks_its_subject_within_the_batch() -> None:
    a, other = history("a", 3), history("a", 2, first_n=50)
    made = plan(facts(a[0], other[1], a[2]))
    assert applied(made) == [("a", 1)]
    assert [(park.fact.version, park.reason) for park in made.park] == [
        (2, "equivocation"),
        (3, "behind"),
    ]


def test_another_history_of_what_took_effect_is_parked_and_is_no_duplicate() -> None:
    a, other = history("a", 2), history("a", 2, first_n=50)
    made = plan(facts(other[1]), {"a": Position(2, a[1].digest)})
    assert [(park.fact.version, park.reason) for park in made.park] == [(2, "equivocation")]
    assert made.duplicates == 0


def test_a_fact_that_cannot_be_read_is_parked_and_its_subject_stays_before_it() -> None:
    a = history("a", 3)
    a[1] = a[1].but(data=b'{"n": "not a number"}')
    a = rechained(a)
    made = plan(facts(*a))
    assert [park.fact.version for park in made.park] == [2, 3]
    assert made.positions["a"] == Position(1, a[0].digest)


@given(
    lengths=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    seed=st.integers(),
    batches=st.integers(1, 6),
)
@settings(max_examples=300, deadline=None)
def test_any_order_repetition_and_loss_ends_like_the_log_once_replayed(
    lengths: list[int], seed: int, batches: int
) -> None:
    chance = random.Random(seed)
    truth = {f"s{n}": history(f"s{n}", length) for n, length in enumerate(lengths)}
    sent = [each for log in truth.values() for each in log]
    wire = [each for each in sent if chance.random() > 0.2] + chance.choices(sent, k=len(sent) // 2)
    chance.shuffle(wire)
    wire += sent  # the owner publishes all again
    positions: dict[str, Position] = dict.fromkeys(truth, START)
    held: dict[tuple[str, int], FactRecord] = {}
    done: list[tuple[str, int]] = []
    cuts = sorted(chance.randrange(len(wire) + 1) for _ in range(batches - 1))
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        made = plan(facts(*wire[start:end]), positions, held=list(held.values()))
        positions = made.positions
        done += applied(made)
        held = {(each.subject, each.version): each for each in made.hold}
        assert made.park == []
    assert sorted(done) == [(s, each.version) for s, log in sorted(truth.items()) for each in log]
    for subject, log in truth.items():
        versions = [version for each, version in done if each == subject]
        assert versions == list(range(1, len(log) + 1))
    assert held == {}
