"""Two partners become one, and two again."""

from typing import Any

import pytest

from services.agreements.domain import mergers
from services.agreements.domain.decisions import Decided
from services.agreements.domain.partners import Partner
from services.agreements.events.values import Identifier, MergerKind
from tests.agreements.making import TODAY, a_partner, on, refused, types

ROR = {"scheme": "ror", "value": "00ntfnx83"}
SCHAC = {"scheme": "schac", "value": "bolton.ac.uk"}
QS_2025: dict[str, Any] = {
    "ranking": "qs",
    "edition": 2025,
    "published_on": "2024-06-04",
    "position": 851,
}


def merge(
    gone: Partner, survivor: Partner, *, kind: MergerKind = "duplicate", day: str = "2025-11-10"
) -> tuple[Decided[Partner], Decided[Partner]]:
    return mergers.merge(gone, survivor, kind=kind, on=on(day), reason="entered twice", today=TODAY)


def twice() -> tuple[Partner, Partner]:
    """The same university under an old name with an id, and under its new one with another."""
    gone = a_partner(aliases=["Bolton"], identifiers=[SCHAC], rankings=[QS_2025])
    return gone, a_partner(name="University of Greater Manchester", identifiers=[ROR])


def test_a_duplicate_says_into_which_one_it_went_and_gives_what_it_had() -> None:
    gone, survivor = twice()
    merged, absorbed = merge(gone, survivor)
    assert types(merged) + types(absorbed) == ["partner-merged", "partner-absorbed"]
    assert (merged[0].status, merged[0].merged_into) == ("merged", survivor.id)
    assert merged[0].identifiers == ()
    assert [each.value for each in absorbed[0].identifiers] == ["00ntfnx83", "bolton.ac.uk"]
    assert absorbed[0].aliases == ("University of Bolton", "Bolton")
    assert [each.edition for each in absorbed[0].rankings] == [2025]


def test_a_body_that_became_another_keeps_what_was_its_own() -> None:
    gone, survivor = twice()
    merged, absorbed = merge(gone, survivor, kind="institutional", day="2024-10-01")
    assert merged[0].identifiers == gone.identifiers
    assert merged[0].merger is not None
    assert (merged[0].merger.kind, merged[0].merger.on) == ("institutional", "2024-10-01")
    assert absorbed[0] == survivor.model_copy(update={"version": survivor.version + 1})


def test_a_position_in_an_edition_that_both_have_stays_that_of_the_one_that_is_left() -> None:
    gone, survivor = twice()
    survivor = survivor.model_copy(
        update={"rankings": (gone.rankings[0].model_copy(update={"position": 801}),)}
    )
    assert [each.position for each in merge(gone, survivor)[1][0].rankings] == [801]


@pytest.mark.parametrize("kind", ["duplicate", "institutional"])
@pytest.mark.parametrize("status", ["active", "retired"])
def test_undone_a_merger_leaves_both_as_they_were(kind: MergerKind, status: str) -> None:
    gone, survivor = twice()
    gone = gone.model_copy(update={"status": status})
    merged, absorbed = merge(gone, survivor, kind=kind)
    back, released = mergers.unmerge(merged[0], absorbed[0], reason="two after all")
    assert types(back) + types(released) == ["partner-unmerged", "partner-released"]
    assert back[0] == gone.model_copy(update={"version": gone.version + 2})
    assert released[0] == survivor.model_copy(update={"version": survivor.version + 2})


def test_what_came_after_the_merger_stays_with_the_one_that_was_left() -> None:
    (merged, _), (absorbed, _) = merge(*twice())
    tax = Identifier(scheme="tax", value="1")
    absorbed = absorbed.model_copy(
        update={"identifiers": (tax, *absorbed.identifiers), "aliases": ("Bolton", "UoGM")}
    )
    (back, _), (released, _) = mergers.unmerge(merged, absorbed, reason="two after all")
    assert [each.scheme for each in released.identifiers] == ["tax", "ror"]
    assert released.aliases == ("UoGM",)
    assert [each.value for each in back.identifiers] == ["bolton.ac.uk"]


def test_an_id_that_is_not_there_any_more_cannot_go_back() -> None:
    (merged, _), (absorbed, _) = merge(*twice())
    absorbed = absorbed.model_copy(update={"identifiers": ()})
    with refused("partner-merger-cannot-be-undone"):
        mergers.unmerge(merged, absorbed, reason="two after all")


def test_mergers_in_a_row_are_undone_from_the_last_one_backwards() -> None:
    first, second = twice()
    third = a_partner(name="Greater Manchester University")
    (first, _), (second, _) = merge(first, second)
    (second, _), (third, _) = merge(second, third)
    assert [each.scheme for each in third.identifiers] == ["ror", "schac"]
    with refused("partner-merged"):
        mergers.unmerge(first, second, reason="two after all")
    (second, _), (third, _) = mergers.unmerge(second, third, reason="two after all")
    (first, _), _ = mergers.unmerge(first, second, reason="two after all")
    assert [each.scheme for each in first.identifiers] == ["schac"]
    assert third.identifiers == ()


def test_no_partner_is_merged_into_itself_or_round_in_a_circle() -> None:
    first, second = twice()
    with refused("partner-merges-with-itself", field="into"):
        merge(first, first)
    (first, _), (second, _) = merge(first, second)
    with refused("partner-merged", field="into"):
        merge(second, first)
    with refused("partner-merged"):
        merge(first, a_partner(name="Another"))


def test_a_retired_partner_absorbs_nothing_and_tomorrow_has_not_come() -> None:
    gone, survivor = twice()
    with refused("partner-retired", field="into"):
        merge(gone, survivor.model_copy(update={"status": "retired"}))
    with refused("date-in-future", field="on"):
        merge(gone, survivor, day="2026-01-01")


def test_only_what_is_merged_can_be_parted() -> None:
    with refused("partner-not-merged"):
        mergers.unmerge(*twice(), reason="two after all")
