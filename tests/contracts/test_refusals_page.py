"""docs/refusals.md names every code, and each can be switched on."""

import re

import pytest

from tests.support.refusals import PAGE, page, refusals


def test_the_page_names_every_code_of_the_code_and_no_other() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: make refusals"


def test_every_code_is_literal_or_all_that_it_can_be_is_enumerated() -> None:
    codes = {each.code for each in refusals()}  # raises Unknown where one is not
    assert len(codes) > 200
    strange = [each for each in codes if not re.fullmatch(r"(<kind>|[a-z]+)(-[a-z0-9]+)*", each)]
    assert strange == []


@pytest.mark.parametrize(
    "code", ["agreement-not-approved", "version-differs", "not-found", "partner-retired", "bug"]
)
def test_codes_said_in_every_way_are_found(code: str) -> None:
    """As a literal, through a helper, in a table, put together, and as a constant."""
    assert code in {each.code for each in refusals()}
