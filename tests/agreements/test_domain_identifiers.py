"""Ids of others: written as their schemes write them, and refused with what is wrong."""

from typing import Any

import pytest

from services.agreements.domain.identifiers import normal
from services.agreements.events.values import Identifier
from tests.agreements.making import refused


@pytest.mark.parametrize("value", ["00ntfnx83", "01t884y44", "04s0yt949", "05dqf9946", "052gg0110"])
def test_an_id_that_ror_gave_has_a_checksum_that_fits(value: str) -> None:
    assert normal(Identifier(scheme="ror", value=value)).value == value


@pytest.mark.parametrize("wrong", ["00ntfnx84", "00tnfnx83", "01t884y43", "10ntfnx83", "00ntfnx8"])
def test_a_mistyped_ror_id_is_refused(wrong: str) -> None:
    code = "identifier-malformed" if wrong[0] == "1" or len(wrong) < 9 else None
    with refused(code or "identifier-checksum-wrong", field="value"):
        normal(Identifier(scheme="ror", value=wrong))


def test_every_single_slip_in_a_ror_id_is_found() -> None:
    right, alphabet = "04s0yt949", "0123456789abcdefghjkmnpqrstvwxyz"
    for place in range(1, 7):
        for other in set(alphabet) - {right[place]}:
            with refused("identifier-checksum-wrong"):
                normal(Identifier(scheme="ror", value=right[:place] + other + right[place + 1 :]))


@pytest.mark.parametrize(
    ("scheme", "told", "kept"),
    [
        ("ror", " https://ror.org/00NTFNX83/ ", "00ntfnx83"),
        ("schac", "https://www.Uni-Hannover.de/", "uni-hannover.de"),
        ("erasmus", "d  hannove01", "D HANNOVE01"),
        ("oid", "e10208664", "E10208664"),
        ("tax", " 0100109106 ", "0100109106"),
        ("local", "a B  c", "a B c"),
    ],
)
def test_an_id_is_kept_as_its_scheme_writes_it(scheme: Any, told: str, kept: str) -> None:
    assert normal(Identifier(scheme=scheme, value=told)).value == kept
