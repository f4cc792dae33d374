"""One fact of each type, as real decisions make it.

`python -m tests.agreements.samples` stores those that are missing under tests/contracts/samples/:
what is stored was published once and is never written again, so that it stays readable.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.agreements.domain import (
    agreement_dates,
    agreement_documents,
    agreement_places,
    agreement_records,
    agreement_reviews,
    agreement_suspensions,
    agreement_versions,
    agreements,
    contributions,
    joint_programmes,
    joint_projects,
    mergers,
    partner_records,
    partners,
)
from services.agreements.domain.decisions import Decided
from services.agreements.events.agreements import AgreementFields, AgreementTerms
from services.agreements.events.contributions import ContributionFields
from services.agreements.events.joint import (
    JointProgrammeFields,
    JointProgrammePlan,
    JointProjectApplication,
    JointProjectFields,
)
from services.agreements.events.partners import PartnerFields, PartnerProfile
from services.agreements.events.values import (
    AgreementId,
    ContributionId,
    Document,
    Identifier,
    Intake,
    JointProgrammeId,
    JointProjectId,
    PartnerId,
    Places,
    Ranking,
)
from shared.facts import Fact
from tests.agreements.making import (
    BOTH_APPROVED,
    OURS,
    THEIRS,
    TODAY,
    a_contribution,
    a_joint_programme,
    a_joint_project,
    a_partner,
    an_agreement,
    on,
)

STORED = Path(__file__).parents[1] / "contracts" / "samples" / "agreements"

AGREEMENT = AgreementId("agreement-01k9zv5n3m8q4w7t2r6y0a1b2c")
SUCCESSOR = "agreement-01k9zv5n3m8q4w7t2r6y0a1b2d"
PROGRAMME = JointProgrammeId("joint-programme-01k9zv5n3m8q4w7t2r6y0a1b2c")
PROJECT = JointProjectId("joint-project-01k9zv5n3m8q4w7t2r6y0a1b2c")
CONTRIBUTION = ContributionId("contribution-01k9zv5n3m8q4w7t2r6y0a1b2c")
DAY = on("2025-11-14")


def stored_at(fact: type[Fact]) -> Path:
    """`.../samples/agreements/agreement-signed.v1.json`"""
    return STORED / f"{fact.type.split('.', 2)[2]}.json"


def samples() -> Iterator[Fact]:
    """At least one fact of every type."""
    for decisions in (_partners, _agreements, _programmes, _projects, _contributions):
        for _, facts in decisions():
            yield from facts


def _partners() -> Iterator[Decided[Any]]:
    told = {
        "unit": "nist",
        "ref": "P-017",
        "kind": "university",
        "name": "University of Bolton",
        "aliases": ["Bolton"],
        "country": "GB",
        "identifiers": [{"scheme": "schac", "value": "bolton.ac.uk"}],
    }
    names = [
        {"name": "University of Bolton", "language": "en", "valid_until": "2024-12-01"},
        {"name": "University of Greater Manchester", "valid_from": "2024-12-02"},
    ]
    now = told | {"name": "University of Greater Manchester", "names": names}
    ranking = {"ranking": "qs", "edition": 2025, "published_on": "2024-06-04", "position": 1201}
    yield partners.register(PartnerId(THEIRS), PartnerProfile.model_validate(told))
    yield partner_records.record(PartnerId(THEIRS), PartnerFields.model_validate(now))
    yield partners.rename(
        a_partner(), name="Greater Manchester", on=on("2024-12-02"), language="en", today=TODAY
    )
    yield partners.identify(a_partner(), added=Identifier(scheme="pic", value="999865442"))
    yield partners.rank(a_partner(), added=Ranking.model_validate(ranking), today=TODAY)
    yield partners.retire(a_partner(), on=DAY, reason="dissolved", today=TODAY)
    retired = a_partner(status="retired")
    yield partners.reinstate(retired, on=DAY, reason="founded anew", today=TODAY)
    yield partners.add_alias(a_partner(), alias="ボルトン大学")
    yield partners.remove_alias(a_partner(aliases=["Bolton"]), alias="Bolton")
    merged, absorbed = mergers.merge(
        a_partner(),
        a_partner(),
        kind="duplicate",
        on=DAY,
        reason="was entered twice",
        today=TODAY,
    )
    yield from (merged, absorbed)
    yield from mergers.unmerge(merged[0], absorbed[0], reason="another campus")
    yield partners.correct(a_partner(), {"country": "IE"}, reason="misread")


def _agreements() -> Iterator[Decided[Any]]:
    terms = {
        "unit": "hust/me",
        "shared_with": ["hust"],
        "kind": "dual-degree",
        "title": "Dual degree in mechatronics",
        "parties": [
            {"party": OURS, "side": "ours", "signatory": "Dean"},
            {"party": THEIRS, "side": "theirs"},
        ],
        "valid_until": "2030-08-31",
        "renewal": {"rule": "tacit", "months": 60, "notice_months": 6},
        "fields": ["0714"],
        "levels": [7],
        "policy_basis": {"document": "Resolution", "number": "59-NQ/TW", "on": "2025-01-24"},
        "coordinator": "Vice Dean",
        "follow_up": {"visit": "visit-01k9zv5n3m8q4w7t2r6y0a1b2c", "follow_up": "2"},
        "supersedes": SUCCESSOR,
    }
    past = terms | {
        "signed_on": "2014",
        "valid_from": "2014",
        "approvals": BOTH_APPROVED,
        "signatures": [{"party": THEIRS, "on": "2014-05"}],
    }
    yield agreements.propose(AGREEMENT, AgreementTerms.model_validate(terms), today=TODAY)
    yield agreement_records.record(AGREEMENT, AgreementFields.model_validate(past), today=TODAY)
    yield from _reviewed_and_amended()
    half = an_agreement("under-review", approvals=BOTH_APPROVED[:1])
    yield agreements.approve(half, side="theirs", on=DAY, evidence="letter", today=TODAY)
    yield agreements.sign(
        an_agreement("approved", signatures=[{"party": OURS, "on": "2025-11-10"}]),
        party=THEIRS,
        on=DAY,
        evidence="signed copy",
        today=TODAY,
    )
    yield agreement_dates.follow_the_calendar(an_agreement("signed"), today=TODAY)
    tacit = an_agreement(valid_until="2025-08-31", renewal={"rule": "tacit", "months": 12})
    yield agreement_dates.follow_the_calendar(tacit, today=TODAY)
    yield agreement_dates.follow_the_calendar(an_agreement(valid_until="2025-08"), today=TODAY)
    yield agreement_places.change_places(
        an_agreement(places=[{"direction": "out", "maximum": 2}]),
        places=[
            Places(direction="in", maximum=4, kind="exchange-study", levels=(6, 7)),
            Places(direction="out", maximum=4, kind="exchange-study"),
        ],
        from_year=2026,
        on=DAY,
        evidence="letters",
        today=TODAY,
        this_year=2025,
    )
    yield agreements.withdraw(
        an_agreement("approved"), on=DAY, reason="never returned", today=TODAY
    )
    yield agreement_suspensions.suspend(
        an_agreement(), on=DAY, reason="no travel is allowed", today=TODAY
    )
    yield agreement_suspensions.resume(an_agreement("suspended"), on=DAY, today=TODAY)
    yield agreements.terminate(
        an_agreement(),
        notice_on=DAY,
        ended_on=on("2026-08-31"),
        reason="the programme was closed",
        by_both=False,
        today=TODAY,
    )
    yield agreements.supersede(
        an_agreement(), successor=an_agreement(id=SUCCESSOR), ended_on=on("2025-11-13")
    )
    paper = {"title": "Signed copy", "kind": "signature", "sha256": "0" * 64, "size": 48_213}
    first, second = (
        Document.model_validate(paper | {"id": f"document-{end}", "sha256": end * 64})
        for end in "12"
    )
    yield agreement_documents.add_document(
        an_agreement(documents=[first]), added=second, takes_place_of=first.id
    )
    yield agreement_documents.remove_document(
        an_agreement(documents=[first, second]), removed=first.id, reason="of another agreement"
    )
    yield agreement_records.correct(
        an_agreement(), {"valid_until": "2030"}, reason="left out", today=TODAY
    )


def _reviewed_and_amended() -> Iterator[Decided[Any]]:
    yield agreement_reviews.submit_for_review(
        an_agreement("proposed"), on=DAY, reviewers=["Legal office"], today=TODAY
    )
    yield agreement_reviews.review(
        an_agreement("under-review", reviews=[{"reviewer": "Legal office"}]),
        reviewer="Legal office",
        verdict="asks-for-changes",
        on=DAY,
        note="Name the law that applies",
        today=TODAY,
    )
    approved = an_agreement("approved")
    other = agreement_versions.terms_changed(approved, {"levels": [6, 7], "title": "Exchange"})
    yield agreement_versions.revise(approved, other, on=DAY, reason="too narrow", today=TODAY)
    known: dict[str, Any] = {"on": DAY, "today": TODAY, "of": lambda day: day.year}
    proposed, facts = agreement_versions.propose_amendment(
        an_agreement(), other, reason="too narrow", **known
    )
    yield proposed, facts
    ours, facts = agreement_versions.approve_amendment(
        proposed, side="ours", evidence=None, **known
    )
    yield ours, facts
    yield agreement_versions.approve_amendment(ours, side="theirs", evidence="letter", **known)
    yield agreement_versions.withdraw_amendment(ours, on=DAY, reason="no answer", today=TODAY)


def _programmes() -> Iterator[Decided[Any]]:
    plan = {
        "unit": "nist",
        "title": "Media and communications, 3+1",
        "partners": [THEIRS],
        "agreement": AGREEMENT,
        "pattern": "3+1",
        "level": "bachelor",
        "degrees": ["BA"],
        "intakes": [{"year": 2024, "students": 20}],
    }
    past = plan | {"approved_on": "2024-05", "established_on": "2024-11-29"}
    yield joint_programmes.plan(PROGRAMME, JointProgrammePlan.model_validate(plan))
    yield joint_programmes.record(PROGRAMME, JointProgrammeFields.model_validate(past), today=TODAY)
    yield joint_programmes.approve(a_joint_programme(), on=DAY, today=TODAY)
    yield joint_programmes.establish(a_joint_programme("approved"), on=DAY, today=TODAY)
    yield joint_programmes.take_intake(
        a_joint_programme("established", intakes=[{"year": 2024, "students": 20}]),
        intake=Intake(year=2025, students=24),
        today=TODAY,
    )
    yield joint_programmes.close(a_joint_programme("established"), on=DAY, today=TODAY)
    intakes = [{"year": 2025, "students": 24}]
    yield joint_programmes.correct(a_joint_programme(), {"intakes": intakes}, reason="counted")


def _projects() -> Iterator[Decided[Any]]:
    application = {
        "unit": "nist",
        "title": "Computer vision for craft workshops",
        "partners": [THEIRS],
        "leader": "staff-2041",
        "leader_role": "foreign expert",
        "funder": "Provincial Department of Education",
        "applied_on": "2024-02-19",
    }
    past = application | {"granted_on": "2024-04", "started_on": "2024-05"}
    yield joint_projects.apply(
        PROJECT, JointProjectApplication.model_validate(application), today=TODAY
    )
    yield joint_projects.record(PROJECT, JointProjectFields.model_validate(past), today=TODAY)
    yield joint_projects.grant(a_joint_project(), on=DAY, today=TODAY)
    yield joint_projects.reject(a_joint_project(), on=DAY, today=TODAY)
    yield joint_projects.start(a_joint_project("granted"), on=DAY, today=TODAY)
    yield joint_projects.complete(a_joint_project("running"), on=DAY, today=TODAY)
    yield joint_projects.correct(a_joint_project(), {"funder": "CSC"}, reason="misread")


def _contributions() -> Iterator[Decided[Any]]:
    known = a_contribution().model_dump(mode="json", exclude={"id", "version"})
    told = ContributionFields.model_validate(known)
    yield contributions.receive(CONTRIBUTION, told, today=TODAY)
    yield contributions.record(CONTRIBUTION, told)
    yield contributions.correct(a_contribution(), {"amount": "3100000"}, reason="misread")


if __name__ == "__main__":
    STORED.mkdir(parents=True, exist_ok=True)
    for sample in samples():
        path = stored_at(type(sample))
        if not path.exists():
            text = json.dumps(json.loads(sample.data()), indent=2, ensure_ascii=False)
            path.write_text(f"{text}\n", encoding="utf-8")
