"""Partners entered as they are now, and told again by the office's own list."""

from datetime import date

from services.agreements.domain.decisions import (
    REIMPORTED,
    Decided,
    differences,
    fields_of,
    laid_over,
    written_as,
)
from services.agreements.domain.partners import (
    Partner,
    complete,
    correct,
    current_name,
    rank,
    renaming,
    sound,
)
from services.agreements.events.partners import (
    PartnerFields,
    PartnerIdentified,
    PartnerRanked,
    PartnerRecorded,
    PartnerRenamed,
    PartnerRetired,
)
from services.agreements.events.values import Identifier, PartnerId, PartnerName, Ranking
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.facts import Fact
from shared.lists.news import Told


def record(partner: PartnerId, told: PartnerFields) -> Decided[Partner]:
    """A partner is entered as it is now, with its past."""
    new = complete(Partner(id=partner, **told.model_dump()))
    sound(new)
    fact = PartnerRecorded.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def doubts(partner: Partner, told: PartnerFields) -> list[str]:
    """What is odd in a list, and was passed over."""
    if told.name == partner.name:
        return []
    since = current_name(partner).valid_from
    return [f"it is called {partner.name!r} since {since}; the list has an earlier name"]


def reconcile(partner: Partner, told: Told, *, today: date) -> Decided[Partner]:
    """Apply what the office's list newly says: as the steps it implies, or as a correction.

    A list adds ids and rankings and never takes any away; a name that it had before is old news.
    """
    wanted = complete(laid_over(partner, told))
    if _is_called_so_no_more(partner, wanted):
        told = {field: value for field, value in told.items() if field not in ("name", "names")}
        wanted = complete(laid_over(partner, told))
    wanted = wanted.model_copy(
        update={
            "identifiers": (*partner.identifiers, *_new_identifiers(partner, wanted)),
            "rankings": _rankings_of_both(partner, wanted),
        }
    )
    state, facts = partner, list[Fact]()
    for step in (
        *_retirement(partner, wanted, today=today),
        *_new_name(partner, wanted, told, today=today),
        *_identifications(partner, wanted),
        *_positions(partner, wanted),
    ):
        state = state.after(step)
        facts.append(step)
    rest = differences(
        {f: v for f, v in written_as(wanted, told).items() if f not in _BY_STEPS}, of=state
    )
    if rest:
        state, corrections = correct(state, rest, reason=REIMPORTED)
        facts += corrections
    sound(state)
    return state, tuple(facts)


def place(partner: Partner, told: Ranking, *, today: date) -> Decided[Partner]:
    """Where a published ranking has it: a new position, or another than is known of that edition.

    What is known already changes nothing.
    """
    edition = (told.ranking, told.edition)
    known = next((r for r in partner.rankings if (r.ranking, r.edition) == edition), None)
    if known is None:
        return rank(partner, added=told, today=today)
    if known == told:
        return partner, ()
    rankings = [told if each == known else each for each in partner.rankings]
    written = [each.model_dump(mode="json") for each in rankings]
    return correct(partner, {"rankings": written}, reason=REIMPORTED)


_BY_STEPS = ("status", "merged_into", "merger")


def _is_called_so_no_more(partner: Partner, wanted: Partner) -> bool:
    """The told name is one that it had before, and is not said to have been taken again."""
    current = current_name(partner)
    earlier = {each.name for each in partner.names if each != current}
    if wanted.name == partner.name or wanted.name not in earlier:
        return False
    again = _dated(wanted)
    begins = current.valid_from.first if current.valid_from else date.min
    return again is None or again.valid_from is None or again.valid_from.first <= begins


def _dated(wanted: Partner) -> PartnerName | None:
    """The told name with the first day that it is told with."""
    return next((n for n in wanted.names if n.name == wanted.name and n.valid_from), None)


def _retirement(partner: Partner, wanted: Partner, *, today: date) -> list[Fact]:
    if wanted.status == partner.status:
        return []
    if (partner.status, wanted.status) != ("active", "retired"):
        raise Rejected(
            "partner-status-impossible",
            f"it is {partner.status} and cannot become {wanted.status} by a list; merge, part or"
            f" reinstate it by its own step (/agreements/partners/{partner.id}/...)",
            field="status",
        )
    return [PartnerRetired(on=PartialDate.of(today), reason=REIMPORTED, status="retired")]


def _new_name(partner: Partner, wanted: Partner, told: Told, *, today: date) -> list[Fact]:
    """Renamed on the day that the list gives, with the names that it gives; or else today."""
    if wanted.name == partner.name:
        return []
    dated = _dated(wanted)
    if dated is not None and dated.valid_from is not None and "names" in told:
        return [PartnerRenamed(on=dated.valid_from, name=wanted.name, names=wanted.names)]
    on = PartialDate.of(today)
    return [renaming(partner, name=wanted.name, on=on, language=None)]


def _new_identifiers(partner: Partner, wanted: Partner) -> list[Identifier]:
    return [each for each in wanted.identifiers if each not in partner.identifiers]


def _identifications(partner: Partner, wanted: Partner) -> list[Fact]:
    known, facts = list(partner.identifiers), list[Fact]()
    for each in _new_identifiers(partner, wanted):
        known.append(each)
        facts.append(PartnerIdentified(added=each, identifiers=tuple(known)))
    return facts


def _rankings_of_both(partner: Partner, wanted: Partner) -> tuple[Ranking, ...]:
    """One position per edition: the told one where there is one, else the known one."""
    both = {(each.ranking, each.edition): each for each in (*partner.rankings, *wanted.rankings)}
    return tuple(both.values())


def _positions(partner: Partner, wanted: Partner) -> list[Fact]:
    known, facts = list(partner.rankings), list[Fact]()
    editions = {(each.ranking, each.edition) for each in known}
    for each in wanted.rankings:
        if (each.ranking, each.edition) not in editions:
            known.append(each)
            facts.append(PartnerRanked(added=each, rankings=tuple(known)))
    return facts
