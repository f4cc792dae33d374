"""The owner is asked at once, again while nothing comes, and a person after a minute."""

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from shared.consumer.gaps import Gaps

NOW = datetime(2025, 11, 17, 1, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_owner_is_asked_at_once_and_then_every_quarter_of_a_minute() -> None:
    gaps = Gaps("c")
    gaps.note("a", after=2, now=NOW)
    assert gaps.due(NOW) == {"a": 2}
    assert gaps.due(after(14)) == {}
    assert gaps.due(after(15)) == {"a": 2}


def test_a_gap_that_moved_on_is_news() -> None:
    gaps = Gaps("c")
    gaps.note("a", after=2, now=NOW)
    gaps.due(NOW)
    gaps.note("a", after=2, now=after(1))
    assert gaps.due(after(1)) == {}
    gaps.note("a", after=5, now=after(2))
    assert gaps.due(after(2)) == {"a": 5}


def test_a_gap_that_stays_for_a_minute_is_said_once_and_its_end_too() -> None:
    gaps = Gaps("c")
    gaps.note("a", after=2, now=NOW)
    with capture_logs() as log:
        for second in (0, 59, 60, 75, 90):
            gaps.due(after(second))
        gaps.close("a")
    assert [entry["event"] for entry in log] == ["gap-not-healed", "gap-healed"]
    assert "a" not in gaps


def test_what_is_not_missing_is_not_asked_for() -> None:
    gaps = Gaps("c")
    gaps.load({"a": (3, NOW)})
    gaps.close("a")
    gaps.close("never open")
    assert gaps.due(after(100)) == {}
