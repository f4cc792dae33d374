"""Partners: given what is known, when something is decided, then these facts or a refusal."""

from typing import Any

import pytest

from services.agreements.domain import partner_records, partners
from services.agreements.events.partners import PartnerFields, PartnerProfile
from services.agreements.events.values import Identifier, PartnerId, Ranking
from tests.agreements.making import THEIRS, TODAY, a_partner, on, refused, types

PROFILE: dict[str, Any] = {
    "unit": "nist",
    "kind": "university",
    "name": "University of Bolton",
    "country": "GB",
}


def test_a_registered_partner_is_active_and_has_its_name_among_its_names() -> None:
    decided = partners.register(PartnerId(THEIRS), PartnerProfile(**PROFILE))
    partner = decided[0]
    assert types(decided) == ["partner-registered"]
    assert (partner.status, partner.version) == ("active", 1)
    assert [each.name for each in partner.names] == ["University of Bolton"]


def test_the_fact_of_a_registration_carries_every_field() -> None:
    _, (fact,) = partners.register(PartnerId(THEIRS), PartnerProfile(**PROFILE))
    assert fact.model_fields_set == set(PartnerFields.model_fields)


@pytest.mark.parametrize(
    ("country", "is_known"), [("VN", True), ("XK", True), ("TW", True), ("ZZ", False)]
)
def test_a_partner_sits_in_a_country_that_exists(country: str, is_known: bool) -> None:
    profile = PartnerProfile(**PROFILE | {"country": country})
    if is_known:
        assert partners.register(PartnerId(THEIRS), profile)[0].country == country
    else:
        with refused("country-unknown", field="country"):
            partners.register(PartnerId(THEIRS), profile)


def test_a_second_country_must_exist_too() -> None:
    second = {"country": "QQ", "relation": "represents"}
    profile = PartnerProfile(**PROFILE | {"country": "TW", "second_country": second})
    with refused("country-unknown", field="second_country.country"):
        partners.register(PartnerId(THEIRS), profile)


def test_a_renamed_partner_keeps_its_old_name_with_its_days() -> None:
    partner, (fact,) = partners.rename(
        a_partner(),
        name="University of Greater Manchester",
        on=on("2024-12-02"),
        language=None,
        today=TODAY,
    )
    assert partner.name == "University of Greater Manchester"
    assert [(n.name, n.valid_from, n.valid_until) for n in partner.names] == [
        ("University of Bolton", None, "2024-12-01"),
        ("University of Greater Manchester", "2024-12-02", None),
    ]
    assert fact.model_fields_set == {"on", "name", "names"}


def test_a_name_that_began_in_a_month_ends_the_old_one_the_month_before() -> None:
    partner, _ = partners.rename(
        a_partner(), name="Another", on=on("2024-12"), language=None, today=TODAY
    )
    assert partner.names[0].valid_until == "2024-11"


def test_a_text_uses_the_name_that_was_valid_on_its_day() -> None:
    partner, _ = partners.rename(
        a_partner(), name="Another", on=on("2024-12-02"), language=None, today=TODAY
    )
    assert partners.name_on(partner, on("2024-12-01").first) == "University of Bolton"
    assert partners.name_on(partner, on("2024-12-02").first) == "Another"


def test_a_name_is_not_taken_in_the_future() -> None:
    with refused("date-in-future", field="on"):
        partners.rename(a_partner(), name="B", on=on("2026-01-01"), language=None, today=TODAY)


def test_a_partner_cannot_be_renamed_to_what_it_is_called() -> None:
    with refused("partner-has-that-name"):
        partners.rename(
            a_partner(), name="University of Bolton", on=on("2020"), language=None, today=TODAY
        )


def test_a_new_name_is_later_than_the_present_one() -> None:
    named = a_partner(names=[{"name": "University of Bolton", "valid_from": "2005-01"}])
    with refused("partner-name-not-later"):
        partners.rename(named, name="Earlier", on=on("2004"), language=None, today=TODAY)


def test_an_id_of_others_is_written_as_its_scheme_writes_it() -> None:
    told = Identifier(scheme="ror", value="https://ror.org/01T884Y44")
    partner, _ = partners.identify(a_partner(), added=told)
    assert partner.identifiers == (Identifier(scheme="ror", value="01t884y44"),)


@pytest.mark.parametrize(
    ("scheme", "value"),
    [("ror", "1234"), ("schac", "nodots"), ("erasmus", "hannover"), ("pic", "99"), ("oid", "1")],
)
def test_an_id_without_the_form_of_its_scheme_is_refused(scheme: Any, value: str) -> None:
    with refused("identifier-malformed", field="value"):
        partners.identify(a_partner(), added=Identifier(scheme=scheme, value=value))


def test_the_same_id_is_not_added_twice() -> None:
    code = Identifier(scheme="erasmus", value="D HANNOVE01")
    known = a_partner(identifiers=[code.model_dump()])
    with refused("partner-already-identified"):
        partners.identify(known, added=Identifier(scheme="erasmus", value="D  HANNOVE01"))


QS_2025 = Ranking.model_validate(
    {"ranking": "qs", "edition": 2025, "published_on": "2024-06-04", "position": 851}
)


def test_a_position_in_a_ranking_is_kept_with_those_of_other_editions() -> None:
    partner, _ = partners.rank(a_partner(), added=QS_2025, today=TODAY)
    later = QS_2025.model_copy(update={"edition": 2026})
    assert partners.rank(partner, added=later, today=TODAY)[0].rankings == (QS_2025, later)


def test_one_edition_gives_one_position() -> None:
    partner, _ = partners.rank(a_partner(), added=QS_2025, today=TODAY)
    with refused("partner-already-ranked", field="edition"):
        partners.rank(partner, added=QS_2025.model_copy(update={"position": 1}), today=TODAY)


def test_a_ranking_that_is_not_published_yet_is_refused() -> None:
    unpublished = QS_2025.model_copy(update={"published_on": on("2026-06-01").first})
    with refused("date-in-future", field="published_on"):
        partners.rank(a_partner(), added=unpublished, today=TODAY)


def test_a_band_does_not_end_before_it_begins() -> None:
    with refused("ranking-band-reversed"):
        band = QS_2025.model_copy(update={"position_until": 801})
        partners.rank(a_partner(), added=band, today=TODAY)


def test_a_retired_partner_is_not_renamed() -> None:
    partner, _ = partners.retire(a_partner(), on=on("2025-03"), reason="dissolved", today=TODAY)
    assert partner.status == "retired"
    with refused("partner-retired"):
        partners.rename(partner, name="B", on=on("2025-04"), language=None, today=TODAY)


def test_a_name_set_right_is_set_right_among_the_names() -> None:
    partner, (fact,) = partners.correct(
        a_partner(name="Universty of Bolton"), {"name": "University of Bolton"}, reason="misspelt"
    )
    assert [each.name for each in partner.names] == ["University of Bolton"]
    assert fact.model_dump()["changes"].keys() == {"name", "names"}


def test_the_status_of_a_partner_is_not_corrected() -> None:
    with refused("field-not-correctable", field="status"):
        partners.correct(a_partner(), {"status": "retired"}, reason="wrong")


def test_a_correction_to_something_impossible_is_refused() -> None:
    with refused("value-invalid", field="kind"):
        partners.correct(a_partner(), {"kind": "school"}, reason="wrong")


def test_a_correction_that_changes_nothing_is_refused() -> None:
    with refused("correction-changes-nothing", field="country"):
        partners.correct(a_partner(), {"country": "GB"}, reason="wrong")


def test_a_list_with_a_new_name_renames_on_the_day_it_gives() -> None:
    names = [
        {"name": "University of Bolton", "valid_until": "2024-12-01"},
        {"name": "University of Greater Manchester", "valid_from": "2024-12-02"},
    ]
    told = {"name": "University of Greater Manchester", "names": names}
    decided = partner_records.reconcile(a_partner(), told, today=TODAY)
    assert types(decided) == ["partner-renamed"]
    assert decided[1][0].model_dump()["on"] == "2024-12-02"


def test_a_list_with_a_new_name_and_no_day_renames_today() -> None:
    partner, _ = partner_records.reconcile(a_partner(), {"name": "Another"}, today=TODAY)
    assert [each.valid_from for each in partner.names] == [None, TODAY.isoformat()]


def test_a_list_with_more_ids_and_rankings_adds_them_one_by_one() -> None:
    told = {
        "identifiers": [
            {"scheme": "schac", "value": "bolton.ac.uk"},
            {"scheme": "pic", "value": "999865442"},
        ],
        "rankings": [QS_2025.model_dump(mode="json")],
        "country": "IE",
    }
    decided = partner_records.reconcile(a_partner(), told, today=TODAY)
    assert types(decided) == [
        "partner-identified",
        "partner-identified",
        "partner-ranked",
        "partner-corrected",
    ]


def test_a_list_does_not_bring_a_retired_partner_back() -> None:
    with refused("partner-status-impossible", field="status"):
        partner_records.reconcile(a_partner(status="retired"), {"status": "active"}, today=TODAY)


RENAMED = a_partner(
    name="Another",
    names=[
        {"name": "University of Bolton", "valid_until": "2024-12-01"},
        {"name": "Another", "valid_from": "2024-12-02"},
    ],
)


def test_a_list_with_an_earlier_name_is_old_news() -> None:
    told = {"name": "University of Bolton", "names": [{"name": "University of Bolton"}]}
    assert partner_records.reconcile(RENAMED, told, today=TODAY) == (RENAMED, ())
    fields = PartnerFields.model_validate(PROFILE)
    assert partner_records.doubts(RENAMED, fields) == [
        "it is called 'Another' since 2024-12-02; the list has an earlier name"
    ]


def test_a_name_that_was_taken_again_says_since_when() -> None:
    names = [
        {"name": "Another", "valid_from": "2024-12-02", "valid_until": "2025-08-31"},
        {"name": "University of Bolton", "valid_from": "2025-09-01"},
    ]
    told = {"name": "University of Bolton", "names": names}
    decided = partner_records.reconcile(RENAMED, told, today=TODAY)
    assert types(decided) == ["partner-renamed"]
    assert decided[0].name == "University of Bolton"


def test_a_list_adds_ids_and_positions_and_takes_none_away() -> None:
    other = QS_2025.model_copy(update={"edition": 2024})
    known = a_partner(
        identifiers=[{"scheme": "pic", "value": "999865442"}],
        rankings=[QS_2025.model_dump(mode="json")],
    )
    told = {
        "identifiers": [{"scheme": "schac", "value": "bolton.ac.uk"}],
        "rankings": [other.model_dump(mode="json")],
    }
    after, _ = partner_records.reconcile(known, told, today=TODAY)
    assert {each.scheme for each in after.identifiers} == {"pic", "schac"}
    assert after.rankings == (QS_2025, other)


def test_a_position_told_otherwise_is_a_correction() -> None:
    known = a_partner(rankings=[QS_2025.model_dump(mode="json")])
    better = QS_2025.model_copy(update={"position": 801})
    told = {"rankings": [better.model_dump(mode="json")]}
    decided = partner_records.reconcile(known, told, today=TODAY)
    assert types(decided) == ["partner-corrected"]
    assert decided[0].rankings == (better,)


def test_a_merged_partner_says_into_which_one() -> None:
    told = PartnerFields.model_validate(PROFILE | {"status": "merged"})
    with refused("partner-merger-incomplete", field="merged_into"):
        partner_records.record(PartnerId(THEIRS), told)
