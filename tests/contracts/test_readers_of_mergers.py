"""A merger as agreements publishes it, and whom every reader takes the partners for after it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.agreements.domain import mergers
from services.agreements.domain.partners import Partner
from services.agreements.events.values import MergerKind
from services.mobility.incoming.agreements import PARTNERS
from services.reporting.domain.folding import Told, fields_of, fold
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import Partner as Read
from services.visits.incoming import PARTNER_FACTS
from shared.dates import PartialDate
from shared.facts import Fact
from tests.agreements.making import TODAY, a_partner

DAY = PartialDate("2024-10-01")
Facts = dict[str, list[Fact]]


def merged(gone: Partner, left: Partner, kind: MergerKind) -> tuple[Partner, Partner, Facts]:
    (gone, of_gone), (left, of_left) = mergers.merge(
        gone, left, kind=kind, on=DAY, reason="one", today=TODAY
    )
    return gone, left, {gone.id: [*of_gone], left.id: [*of_left]}


def read_by_reporting(*partners: Partner, facts: Facts) -> Records:
    """As reporting folds them: first what was recorded, then the facts."""
    now, folded = datetime.now(UTC), dict[str, Any]()
    for each in partners:
        whole = each.model_dump_json(exclude={"id", "version"}).encode()
        told = [Told(each.id, 1, now, whole)]
        for number, fact in enumerate(facts[each.id], start=2):
            told.append(Told(each.id, number, now, fields_of(fact.data())))
        folded |= fold({}, told)[1]
    read = {subject: Read.model_validate_json(each.state) for subject, each in folded.items()}
    return Records(partners=read)


@pytest.mark.parametrize(("kind", "before"), [("duplicate", False), ("institutional", True)])
def test_reporting_takes_it_for_itself_before_the_day_only_if_it_was_one_of_its_own(
    kind: MergerKind, before: bool
) -> None:
    gone, left = a_partner(name="TMDU"), a_partner(name="Science Tokyo")
    _, _, facts = merged(gone, left, kind)
    records = read_by_reporting(gone, left, facts=facts)
    assert records.canonical(gone.id) == left.id
    assert records.canonical(gone.id, DAY) == left.id
    assert records.canonical(gone.id, PartialDate("2024-09-30")) == (gone.id if before else left.id)
    said = records.partner_name(gone.id, PartialDate("2024-09"))
    assert said == ("TMDU" if before else "Science Tokyo")


def test_reporting_takes_it_for_itself_again_when_the_merger_is_undone() -> None:
    gone, left = a_partner(name="Bolton"), a_partner(name="Greater Manchester")
    after, into, facts = merged(gone, left, "duplicate")
    (_, back), (_, released) = mergers.unmerge(after, into, reason="two after all")
    facts = {gone.id: [*facts[gone.id], *back], left.id: [*facts[left.id], *released]}
    records = read_by_reporting(gone, left, facts=facts)
    assert records.canonical(gone.id) == gone.id
    assert records.partner_name(gone.id) == "Bolton"


def test_every_fact_of_a_merger_is_read_by_who_keeps_partners() -> None:
    gone, left = a_partner(), a_partner()
    after, into, facts = merged(gone, left, "duplicate")
    undone = [fact for _, more in mergers.unmerge(after, into, reason="two") for fact in more]
    types = {fact.type for each in facts.values() for fact in each} | {f.type for f in undone}
    assert types <= PARTNERS.keys()
    says_whose = {fact.type for fact in (*facts[gone.id], undone[0])}
    assert says_whose <= PARTNER_FACTS.keys()
