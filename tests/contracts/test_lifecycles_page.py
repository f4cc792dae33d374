"""docs/lifecycles.md draws what the domain does, and no step is left out of it unseen."""

from tests.support.lifecycles import LIVES, PAGE, arrows, page


def test_the_drawn_life_cycles_are_what_the_domain_does() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "draw it anew: make lifecycles"


def test_every_life_that_begins_goes_on() -> None:
    assert [life.title for life in LIVES if not arrows(life)] == []
