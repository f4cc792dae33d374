"""Are the new tables what the live ones are? Asked of one snapshot, in sets.

A subject counts where both are at the same version of it; the others are still on their way. Its
rows are equal if both tables have as many of it, and the same: compared by a hash of each
row, of JSON by what it means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from shared.rebuild.shadow import Shadow

__all__ = ["Compared", "compare"]

_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One table. `examples`: the first subjects of each kind that is not `equal`."""

    table: str
    equal: int
    different: int
    only_live: int
    only_new: int
    on_the_way: int
    examples: Mapping[str, Sequence[str]]

    @property
    def same(self) -> bool:
        return not (self.different or self.only_live or self.only_new)

    def __str__(self) -> str:
        counts = (
            f"{self.table}: {self.equal} subjects equal, {self.different} different,"
            f" {self.only_live} only live, {self.only_new} only new"
        )
        if self.on_the_way:
            counts += f" ({self.on_the_way} where one is ahead)"
        shown = [f"  {kind}: {', '.join(subjects)}" for kind, subjects in self.examples.items()]
        return "\n".join([counts, *shown])


_ROW = """
select 'row(' || string_agg(quote_ident(attname)
    || case when atttypid = 'json'::regtype then '::jsonb' else '' end, ', ' order by attnum) || ')'
from pg_attribute
where attrelid = to_regclass('public.' || quote_ident($1::text)) and attnum > 0
    and not attisdropped
"""
_COMPARE = """
with at as (
    select subject, live.version is not distinct from new.version as as_far
    from (select subject, version from public.positions where consumer = any($1)) live
    full join (select subject, version from {schema}.positions where consumer = any($1)) new
        using (subject)
), live as (
    select {subject} as subject, count(*) as rows, bit_xor(hash_record_extended({row}, 0)) as sum
    from public.{table} group by 1
), new as (
    select {subject} as subject, count(*) as rows, bit_xor(hash_record_extended({row}, 0)) as sum
    from {schema}.{table} group by 1
), verdicts as (
    select subject, case
        when not coalesce(at.as_far, true) then 'on_the_way'
        when new.rows is null then 'only_live'
        when live.rows is null then 'only_new'
        when live.rows = new.rows and live.sum = new.sum then 'equal'
        else 'different' end as verdict
    from live full join new using (subject) left join at using (subject)
)
select verdict, count(*) as subjects, (
    select array_agg(subject) from (
        select subject from verdicts v
        where v.verdict = verdicts.verdict and verdict in ('different', 'only_live', 'only_new')
        order by subject limit $2
    ) first) as examples
from verdicts group by verdict
"""


async def compare(shadow: Shadow) -> list[Compared]:
    """Each table of the projection. Raises Transient."""
    found = []
    async with shadow.live.connect() as connection:
        await connection.execute(text("set transaction isolation level repeatable read, read only"))
        for table, subject in shadow.tables.items():
            row = (await connection.exec_driver_sql(_ROW, (table,))).scalar_one()
            query = _COMPARE.format(
                schema=f'"{shadow.schema}"', table=f'"{table}"', subject=f'"{subject}"', row=row
            )
            rows = list(await connection.exec_driver_sql(query, (list(shadow.consumers), _SHOWN)))
            counts = {row.verdict: int(row.subjects) for row in rows}
            found.append(
                Compared(
                    table=table,
                    equal=counts.get("equal", 0),
                    different=counts.get("different", 0),
                    only_live=counts.get("only_live", 0),
                    only_new=counts.get("only_new", 0),
                    on_the_way=counts.get("on_the_way", 0),
                    examples={row.verdict: row.examples for row in rows if row.examples},
                )
            )
    return found
