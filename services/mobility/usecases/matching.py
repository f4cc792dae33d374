"""Two reports of one stay: the same person, the same institution, days that overlap."""

from services.mobility import store
from services.mobility.domain.names import folded
from services.mobility.domain.stays import OVER_FOR_GOOD, Stay, sound
from shared.database import Transaction
from shared.dates import Period


def is_same(one: Stay, other: Stay) -> bool:
    """True if both tell of one stay, whoever entered them."""
    return (
        (one.person_ref, one.direction) == (other.person_ref, other.direction)
        and _same_institution(one, other)
        and Period.spanning(one.starts, one.ends).overlaps(
            Period.spanning(other.starts, other.ends)
        )
    )


async def find_same(tx: Transaction, stay: Stay, *, followed: bool | None = None) -> Stay | None:
    """The first stay that takes place and is the same as this; the person is locked by the caller.

    `followed`: only those that follow an upstream record (True), or that do not (False).
    """
    sound(stay)  # days that run backwards are refused before they are compared
    table, records = store.stays.table, store.upstream_records
    clauses = [
        table.c.person_ref == stay.person_ref,
        table.c.id != stay.id,
        table.c.status.not_in(OVER_FOR_GOOD),
    ]
    if followed is not None:
        follows = records.select().where(records.c.subject == table.c.id).exists()
        clauses.append(follows if followed else ~follows)
    same = [each for each in await store.stays.all(tx, *clauses) if is_same(each, stay)]
    return same[0] if same else None


def _same_institution(one: Stay, other: Stay) -> bool:
    if one.partner is not None and other.partner is not None:
        return one.partner == other.partner
    if one.partner_name is not None and other.partner_name is not None:
        return folded(one.partner_name) == folded(other.partner_name)
    nameless = not (one.partner or one.partner_name) and not (other.partner or other.partner_name)
    return nameless and (one.kind, one.host_country) == (other.kind, other.host_country)
