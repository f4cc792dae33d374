"""What an operator gave up does not hold a rebuild up.

It is tried again first: what works by now takes effect, for the projection is to be what the
journals say. What still fails is given up as it was before, so that its subject goes on.
"""

from sqlalchemy import Row

from shared.database import Database
from shared.parking import Parking
from shared.rebuild.filling import Filling

__all__ = ["repeat_discards"]

# the first parked of its subject, if somebody has discarded just that one
_DISCARDED = """
select p.id, p.subject, o.details->>'why' as why from parked p
join lateral (
    select details from public.operations o
    where o.action = 'parked-discarded' and o.details->>'consumer' = p.consumer
        and case when p.subject is not null
            then o.details->>'subject' = p.subject and (o.details->>'version')::int = p.version
            else o.details->>'topic' = p.topic and (o.details->>'epoch')::int = p.epoch
                and (o.details->>'partition')::int = p.partition
                and (o.details->>'offset')::bigint = p.record_offset end
    order by o.id desc limit 1
) o on true
where p.consumer = $1 and not exists (
    select from parked before where before.consumer = p.consumer and before.subject = p.subject
        and before.version < p.version)
order by p.id
"""


async def repeat_discards(filling: Filling, *, beside: Database, parking: Parking) -> int:
    """How many records were given up again. Raises Transient."""
    repeated = 0
    while found := await _discarded(beside, filling.consumer):
        for row in found:
            await parking.discard(row.id, reason=row.why, actor="rebuild")
            repeated += 1
            if row.subject is not None:
                behind = await parking.list(consumer=filling.consumer, subject=row.subject)
                await filling.facts.replay(behind, actor="rebuild", dry_run=False)
    return repeated


async def _discarded(beside: Database, consumer: str) -> list[Row[tuple[int, str | None, str]]]:
    async with beside.connect() as connection:
        return list(await connection.exec_driver_sql(_DISCARDED, (consumer,)))
