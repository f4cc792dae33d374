"""What an annual report says: each sentence from records, and nothing that no record says."""

from datetime import date
from typing import Any

from services.reporting.domain.records import Records
from services.reporting.domain.report.draft import Draft, Material
from services.reporting.domain.report.drafting import draft
from services.reporting.domain.report.wording import listed, people, plural, the
from services.reporting.gateways.countries import country_name
from services.reporting.gateways.pages import report_page
from tests.reporting.making import (
    agreement,
    contribution,
    joint_programme,
    named,
    partner,
    question,
    stay,
    visit,
)


def written(records: Records, **material: Any) -> Draft:
    told: dict[str, Any] = {
        "question": question(),
        "year": "2019",
        "unit_name": "School of Mechanical Engineering",
        "records": records,
        "persons": {},
        "unit_names": lambda _unit: "School of Mechanical Engineering",
        "country": country_name,
    }
    return draft(Material(**told | material))


def text(report: Draft, section: str) -> str:
    found = [each for each in report.sections if each.id == section]
    return " ".join(
        sentence.text for each in found for group in each.paragraphs for sentence in group
    )


def test_an_empty_year_says_nothing() -> None:
    report = written(Records())
    assert report.sections == ()
    assert report.numbers == ()


def test_each_delegation_is_named_with_its_members_country_and_days() -> None:
    records = Records(
        visits=named(
            "visit",
            visit(
                theme="government",
                partners=[{"name": "Da Nang City", "country": "LA", "role": "visitor"}],
                members=[
                    {"role": "Vice Mayor", "organization": "Da Nang City", "country": "LA"},
                    {"role": "official", "organization": "Da Nang City", "count": 5},
                ],
                purpose="semiconductor talent",
            ),
            visit(
                theme="student",
                starts_on="2019-04-22",
                ends_on="2019-04-24",
                partners=[{"name": "TU Eindhoven", "country": "NL", "role": "visitor"}],
                members=[{"role": "student", "organization": "TU Eindhoven", "count": 20}],
            ),
            visit(status="cancelled", title="Nobody came"),
        )
    )
    said = text(written(records), "received")
    assert "we received two delegations from two countries" in said
    assert (
        "20 students of TU Eindhoven (the Netherlands, 22\u201324 April 2019); and the Vice Mayor "
        "and 5 officials of Da Nang City (Laos, 14\u201315 May 2019), about semiconductor talent."
    ) in said
    assert "Nobody came" not in said


def test_a_visit_of_industry_stands_with_industry() -> None:
    report = written(Records(visits=named("visit", visit(theme="industry"), visit())))
    assert "two delegations from one country (Japan), one of them from industry" in text(
        report, "received"
    )
    assert "From industry came a professor of Nagaoka" in text(report, "industry")


def test_trips_are_told_by_country_with_cities_and_whom_they_met() -> None:
    legs = [
        {"city": "Delhi", "country": "IN", "partners": ["partner-iitd"]},
        {"city": "Kanpur", "country": "IN", "partners": ["partner-iitk"]},
        {"city": "Kuala Lumpur", "country": "MY", "partners": []},
    ]
    follow_ups = [
        {"id": "f1", "text": "x", "towards": "joint doctoral programs", "became": "agreement-1"},
        {"id": "f2", "text": "y", "towards": "research proposals"},
    ]
    trip = visit(
        direction="outbound", partners=[], legs=legs, purpose="research", follow_ups=follow_ups
    )
    records = Records(
        visits=named("visit", trip),
        partners={
            "partner-iitd": partner(name="IIT Delhi"),
            "partner-iitk": partner(name="IIT Kanpur"),
        },
        agreements={"agreement-1": agreement(title="Joint doctorate", signed_on="2019-09-01")},
    )
    said = text(written(records), "trips")
    assert "one trip, to India and Malaysia." in said
    assert "In India we visited Delhi (IIT Delhi) and Kanpur (IIT Kanpur) on 14\u201315 May" in said
    assert "In Malaysia we visited Kuala Lumpur on" in said
    assert (
        "The trip to India and Malaysia led towards joint doctoral programs: "
        "\u201cJoint doctorate\u201d, signed on 1 September 2019."
    ) in said
    assert said.count("is to lead towards research proposals") == 1


def test_a_partner_has_the_name_that_was_valid_on_the_day() -> None:
    names = [
        {"name": "University of Bolton", "valid_until": "2019-12-11"},
        {"name": "University of Greater Manchester", "valid_from": "2019-12-12"},
    ]
    known = partner(name="University of Greater Manchester", names=names)
    coming = {"partner": "partner-1", "name": "Bolton", "role": "visitor"}
    came = visit(partners=[coming], members=[])
    records = Records(
        visits=named("visit", came, visit(partners=[coming], members=[], starts_on="2019-12-12")),
        partners={"partner-1": known},
        agreements={"agreement-1": agreement()},
    )
    said = text(written(records), "received")
    assert "a delegation of the University of Bolton (Japan, 14\u201315 May" in said
    assert "a delegation of the University of Greater Manchester (" in said
    assert "such as" not in text(written(records), "network")
    assert "(University of Greater Manchester)" in text(written(records), "network")


def test_a_seminar_has_its_organizers_topic_and_speakers() -> None:
    seminar = visit(
        direction="hosted-event",
        title="Seminar",
        topic="Internationalization",
        starts_on="2019-11-14",
        ends_on="2019-11-14",
        place="Hanoi",
        hosts=["hust/me"],
        partners=[{"name": "Association of Universities", "role": "organizer"}],
        members=[
            {
                "person_ref": "p:1",
                "role": "Head",
                "organization": "Ministry",
                "speaker": True,
                "talk": "Openness",
            },
            {"role": "Director", "organization": "Agency", "speaker": True},
            {"role": "participant", "organization": "Others", "count": 60},
        ],
    )
    said = text(
        written(Records(visits=named("visit", seminar)), persons={"p:1": "Nguyễn Hải Nam"}),
        "events",
    )
    assert (
        "On 14 November 2019 the Association of Universities and the School of Mechanical "
        "Engineering jointly organized: Seminar, on \u201cInternationalization\u201d in Hanoi."
    ) in said
    assert "Nguyễn Hải Nam (Head, Ministry) spoke on \u201cOpenness\u201d." in said
    assert "The Director, Agency, spoke." in said
    assert "60 people took part." in said


def test_the_years_numbers_are_sentences() -> None:
    records = Records(
        visits=named("visit", visit()),
        stays=named(
            "stay",
            stay(direction="in", partner="partner-1"),
            stay(who="lecturer", kind="postdoc", host_country="DE"),
            stay(who="lecturer", kind="conference"),
        ),
        partners={"partner-1": partner()},
    )
    said = text(written(records), "people")
    assert "In 2019, one foreign visitor came to visit and work with us, from Japan (1)." in said
    assert "We received one international student to study and on exchange, from Japan (1)." in said
    assert "1 lecturer studied abroad, in Germany (1)." in said
    assert "One member of our staff went to international conferences." in said


def test_a_joint_gift_is_told_once_with_its_donors_and_purpose() -> None:
    donors = {
        "partner-jica": partner(name="JICA"),
        "partner-nut": partner(name="Nagaoka University"),
    }
    records = Records(contributions={"contribution-1": contribution()}, partners=donors)
    assert text(written(records), "contributions") == (
        "In 2018 and 2019 we received about 3,000,000 JPY from JICA and Nagaoka University "
        "jointly, for the construction of a welding laboratory."
    )


def test_domestic_partners_stand_beside_foreign_ones_and_invented_ones_are_not_named() -> None:
    records = Records(
        agreements=named("agreement", agreement("a", "b", "c", "d")),
        partners={
            "a": partner(name="Thuyloi University", country="VN"),
            "b": partner(name="Griffith University", country="AU"),
            "c": partner(name="Illustrative University 001", illustrative=True),
            "d": partner(name="Bosch", kind="company", country="DE"),
        },
        joint_programmes={"joint-programme-1": joint_programme(partners=["b"])},
    )
    said = text(written(records), "network")
    assert "three universities such as Griffith University and Thuyloi University" in said
    assert "one company (Bosch)" in said
    assert "Beside three foreign partners there is one domestic partner in Vietnam" in said
    assert "2+2 programme with Griffith University (2+2)" in said
    assert "Illustrative" not in said


def test_every_sentence_names_its_records() -> None:
    report = written(Records(visits=named("visit", visit(), visit(direction="meeting"))))
    for section in report.sections:
        for group in section.paragraphs:
            assert all(sentence.records for sentence in group), group


def test_what_people_wrote_is_escaped_in_html() -> None:
    nasty = visit(title="<script>alert(1)</script>", members=[], partners=[])
    report = written(Records(visits=named("visit", nasty)), foreword="<b>bold</b>")
    page = report_page(report).decode()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_words_follow_the_rules_of_english_prose() -> None:
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a, b", "c"]) == "a, b; and c"
    assert plural("representative of Dong Nai", 6) == "representatives of Dong Nai"
    assert plural("country", 2) == "countries"
    assert people("Vice Mayor", 1) == "the Vice Mayor"
    assert people("professor", 1) == "a professor"
    assert the("Vietnam Association of Mechanical Industry").startswith("the ")
    assert the("Shibaura Institute of Technology") == "Shibaura Institute of Technology"
    assert country_name("TR") == "Turkey"


def test_the_day_of_the_report_is_the_day_of_its_stock() -> None:
    early = written(
        Records(agreements=named("agreement", agreement(valid_from="2019-07-01"))),
        question=question(on=date(2019, 6, 30)),
    )
    assert text(early, "network") == ""
