"""Partners: outside bodies, with their dated names, ids of others, and positions in rankings."""

from datetime import date

from services.agreements.domain.decisions import (
    Decided,
    Record,
    decide,
    fields_of,
    just_before,
    laid_over,
    mend,
    must_be_correctable,
    must_be_distinct,
    must_not_lie_ahead,
    written_as,
)
from services.agreements.domain.identifiers import normal
from services.agreements.domain.places import must_be_a_country, must_be_a_language
from services.agreements.events.partners import (
    PartnerAliasesChanged,
    PartnerCorrected,
    PartnerFields,
    PartnerIdentified,
    PartnerProfile,
    PartnerRanked,
    PartnerRegistered,
    PartnerReinstated,
    PartnerRenamed,
    PartnerRetired,
)
from services.agreements.events.values import Identifier, PartnerId, PartnerName, Ranking
from shared.dates import PartialDate
from shared.errors import Rejected
from shared.lists.news import Told


class Partner(PartnerFields, Record):
    """A partner as it is known now."""


CORRECTABLE = frozenset(PartnerFields.model_fields) - {
    "status",
    "merged_into",
    "merger",
    "ref",
}


def register(partner: PartnerId, profile: PartnerProfile) -> Decided[Partner]:
    """A partner comes into the register."""
    new = complete(Partner(id=partner, **profile.model_dump()))
    sound(new)
    fact = PartnerRegistered.model_validate(fields_of(new))
    return new.after(fact), (fact,)


def rename(
    partner: Partner, *, name: str, on: PartialDate, language: str | None, today: date
) -> Decided[Partner]:
    """It took a new name; the old one keeps its days."""
    _must_be_active(partner)
    must_not_lie_ahead(on, today=today)
    _must_be_another_name(partner, name)
    return decide(partner, renaming(partner, name=name, on=on, language=language))


def renaming(
    partner: Partner, *, name: str, on: PartialDate, language: str | None
) -> PartnerRenamed:
    """The fact of a new name; raises Rejected("partner-name-not-later")."""
    if language is not None:
        must_be_a_language(language, field="language")
    current = current_name(partner)
    if current.valid_from is not None and on.first <= current.valid_from.first:
        raise Rejected(
            "partner-name-not-later",
            f"its present name {current.name!r} is valid from {current.valid_from}; "
            "an earlier name is a correction of `names`",
            field="on",
        )
    ended = current.model_copy(update={"valid_until": just_before(on)})
    new = PartnerName(name=name, language=language, valid_from=on, valid_until=None)
    names = tuple(ended if each == current else each for each in partner.names)
    return PartnerRenamed(on=on, name=new.name, names=(*names, new))


def identify(partner: Partner, *, added: Identifier) -> Decided[Partner]:
    """Somebody else's id of it became known. That no other partner has it, the store says."""
    _must_be_active(partner)
    added = normal(added)
    if added in partner.identifiers:
        raise Rejected(
            "partner-already-identified", f"it already has the {added.scheme} id {added.value!r}"
        )
    return decide(
        partner, PartnerIdentified(added=added, identifiers=(*partner.identifiers, added))
    )


def rank(partner: Partner, *, added: Ranking, today: date) -> Decided[Partner]:
    """Its position in an edition became known; one position per edition."""
    must_not_lie_ahead(PartialDate.of(added.published_on), today=today, field="published_on")
    if any((r.ranking, r.edition) == (added.ranking, added.edition) for r in partner.rankings):
        raise Rejected(
            "partner-already-ranked",
            f"its position in {added.ranking} {added.edition} is recorded; correct `rankings`",
            field="edition",
        )
    after, facts = decide(partner, PartnerRanked(added=added, rankings=(*partner.rankings, added)))
    sound(after)
    return after, facts


def retire(partner: Partner, *, on: PartialDate, reason: str, today: date) -> Decided[Partner]:
    """We no longer work with it."""
    _must_be_active(partner)
    must_not_lie_ahead(on, today=today)
    return decide(partner, PartnerRetired(on=on, reason=reason, status="retired"))


def reinstate(partner: Partner, *, on: PartialDate, reason: str, today: date) -> Decided[Partner]:
    """We work with it again."""
    if partner.status != "retired":
        raise Rejected("partner-not-retired", f"{partner.name!r} is {partner.status}, not retired")
    must_not_lie_ahead(on, today=today)
    return decide(partner, PartnerReinstated(on=on, reason=reason, status="active"))


def add_alias(partner: Partner, *, alias: str) -> Decided[Partner]:
    """Another name that it goes by."""
    _must_be_active(partner)
    if alias in partner.aliases or alias in {each.name for each in partner.names}:
        raise Rejected(
            "partner-has-that-name", f"it goes by the name {alias!r} already", field="name"
        )
    aliases = (*partner.aliases, alias)
    return decide(partner, PartnerAliasesChanged(added=(alias,), removed=(), aliases=aliases))


def remove_alias(partner: Partner, *, alias: str) -> Decided[Partner]:
    """It does not go by that name."""
    _must_be_active(partner)
    if alias not in partner.aliases:
        raise Rejected(
            "partner-alias-unknown", f"{alias!r} is none of its aliases", field="name", status=404
        )
    aliases = tuple(each for each in partner.aliases if each != alias)
    return decide(partner, PartnerAliasesChanged(added=(), removed=(alias,), aliases=aliases))


def correct(partner: Partner, changes: Told, *, reason: str) -> Decided[Partner]:
    """Its record was wrong. A name set right is set right in the list of its names too."""
    must_be_correctable(changes, CORRECTABLE)
    if "name" in changes and "names" not in changes:
        current = current_name(partner)
        names = [each.model_dump(mode="json") for each in partner.names if each != current]
        right = current.model_dump(mode="json") | {"name": changes["name"]}
        changes = changes | {"names": [*names, right]}
    return mend(
        partner,
        written_as(complete(laid_over(partner, changes)), changes),
        reason=reason,
        fact=PartnerCorrected,
        correctable=CORRECTABLE,
        sound=sound,
    )


def name_on(partner: Partner, day: date) -> str:
    """The name that was valid on a day; the present one where none is known of that day."""
    valid = [
        each
        for each in partner.names
        if (each.valid_from is None or each.valid_from.first <= day)
        and (each.valid_until is None or day <= each.valid_until.last)
    ]
    return max(
        valid,
        key=lambda each: each.valid_from.first if each.valid_from else date.min,
        default=current_name(partner),
    ).name


# --- rules ---------------------------------------------------------------------------------------


def sound(partner: Partner) -> None:
    """What must hold of every partner, however it came to be so."""
    must_be_a_country(partner.country, field="country")
    if partner.second_country is not None:
        must_be_a_country(partner.second_country.country, field="second_country.country")
    if partner.name not in {each.name for each in partner.names}:
        raise Rejected(
            "partner-name-not-among-names",
            f"{partner.name!r} is its name now and must stand among its `names`",
            field="names",
            status=422,
        )
    for index, each in enumerate(partner.names):
        if each.language is not None:
            must_be_a_language(each.language, field=f"names.{index}.language")
    if (partner.status == "merged") != (partner.merged_into is not None):
        raise Rejected(
            "partner-merger-incomplete",
            "a partner that is merged says into which one, and no other does",
            field="merged_into",
            status=422,
        )
    if partner.merger is not None and partner.status != "merged":
        raise Rejected(
            "partner-merger-incomplete",
            "only a partner that is merged says how",
            field="merger",
            status=422,
        )
    must_be_distinct(
        (f"{each.scheme}:{each.value}" for each in partner.identifiers),
        code="partner-already-identified",
        field="identifiers",
    )
    must_be_distinct(
        (f"{each.ranking} {each.edition}" for each in partner.rankings),
        code="partner-already-ranked",
        field="rankings",
    )
    for index, band in enumerate(partner.rankings):
        if band.position_until is not None and band.position_until < band.position:
            raise Rejected(
                "ranking-band-reversed",
                f"a band from {band.position} cannot end at {band.position_until}",
                field=f"rankings.{index}.position_until",
                status=422,
            )


def _must_be_active(partner: Partner) -> None:
    if partner.status != "active":
        where = f" into {partner.merged_into}: change that one" if partner.merged_into else ""
        raise Rejected(f"partner-{partner.status}", f"{partner.name!r} is {partner.status}{where}")


def _must_be_another_name(partner: Partner, name: str) -> None:
    if name == partner.name:
        raise Rejected("partner-has-that-name", f"it is called {name!r} already", field="name")


# --- names ---------------------------------------------------------------------------------------


def complete(partner: Partner) -> Partner:
    """As it is kept: its name among its names, its ids as their schemes write them."""
    names = partner.names or (PartnerName(name=partner.name),)
    return partner.model_copy(
        update={"names": names, "identifiers": tuple(map(normal, partner.identifiers))}
    )


def _is_current(name: PartnerName) -> bool:
    return name.valid_until is None


def current_name(partner: Partner) -> PartnerName:
    same = [each for each in partner.names if each.name == partner.name]
    return next((each for each in same if _is_current(each)), same[-1])
