"""The steps of a rebuild, in their order. Each may be interrupted; the next start goes on."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import structlog
from aiokafka.errors import KafkaError

from shared.cluster import in_words
from shared.consumer import Subscription, UpstreamSubscription
from shared.errors import Transient
from shared.parking import Parking
from shared.rebuild.comparing import Compared, compare
from shared.rebuild.discards import repeat_discards
from shared.rebuild.filling import Filling
from shared.rebuild.shadow import CannotRebuild, Shadow
from shared.rebuild.showing import Showing
from shared.rebuild.switching import Behind, switch
from shared.service import Service

__all__ = ["Rebuild", "projections_of"]

log = structlog.get_logger()

_TRIES = 12
_WAIT_MS = 300
"""Readers wait no longer than that for a switch; PostgreSQL looks for deadlocks after a second."""
_INSIST_MS = 1_500
"""The last tries: long enough for autovacuum to be sent away."""
_ASKED_AT_MOST = 1_000


def projections_of(
    service: str,
    subscriptions: Sequence[Subscription | UpstreamSubscription],
    wanted: str | None = None,
) -> list[list[Subscription]]:
    """What can be rebuilt, and together: subscriptions that fill the same tables are one
    projection. With `wanted`, the topic or the table of one of them, just that.

    Raises CannotRebuild, with the reason.
    """
    groups: list[list[Subscription]] = []
    for each in subscriptions:
        if not isinstance(each, Subscription) or not each.tables:
            continue
        sharing = [group for group in groups if any(each.tables.keys() & g.tables for g in group)]
        groups = [group for group in groups if group not in sharing]
        groups.append([*(known for group in sharing for known in group), each])
    if wanted is None and groups:
        return groups
    found = [
        group
        for group in groups
        if any(wanted == each.topic or wanted in each.tables for each in group)
    ]
    if found:
        return found
    refused = [each for each in subscriptions if wanted in (None, each.topic)]
    if not refused:
        known = ", ".join(each.topic for group in groups for each in group) or "no projection"
        asked = "anything" if wanted is None else repr(wanted)
        raise CannotRebuild(f"{service} does not project {asked}; it can rebuild {known}")
    why = "; ".join(
        f"{each.topic}: {each.once}"
        if isinstance(each, Subscription)
        else f"{each.topic}: events of others are kept by nobody but their sender"
        for each in refused
    )
    raise CannotRebuild(f"{service} is not rebuilt. {why}")


class Rebuild:
    """One projection of one service."""

    def __init__(
        self, service: Service, subscriptions: Sequence[Subscription], *, showing: Showing
    ) -> None:
        topics = [each.topic for each in subscriptions]
        tables = {name: column for each in subscriptions for name, column in each.tables.items()}
        self._shadow = Shadow.of(
            service.database, topics=topics, service=service.name, tables=tables
        )
        self._live = service.database
        self._beside = service.database.beside(self._shadow.schema)
        self._control = service.control
        self._parking = Parking(
            database=self._beside,
            keys=[key.get_secret_value() for key in service.settings.parking_key],
        )
        self._showing = showing
        self._fillings = [
            Filling(
                consumer=f"{service.name}.{each.topic}",
                subscription=each,
                topic=f"{service.settings.topic_prefix}{each.topic}",
                database=self._beside,
                parking=self._parking,
                kafka=service.settings.kafka,
                ask=partial(self._control.ask_for_replay, each.topic),
            )
            for each in subscriptions
        ]

    @property
    def name(self) -> str:
        return ", ".join(self._shadow.tables)

    async def run(self, *, fresh: bool = False, only_compare: bool = False) -> list[Compared]:
        """Fill, compare, switch; what the comparison found before the switch.

        Raises CannotRebuild, Transient; what is filled is kept, and the next run goes on.
        """
        async with self._alone():
            found = await self._shadow.prepare(fresh=fresh)
            self._showing.say(
                f"{self.name}: {'going on' if found else 'from the start'}, "
                f"from {', '.join(each.topic for each in self._fillings)}"
            )
            await self._catch_up()
            with self._showing.step("indexes"):
                await self._shadow.index(self._beside)
            await self._catch_up()
            with self._showing.step("comparing"):
                compared = await compare(self._shadow)
            for each in compared:
                self._showing.say(str(each))
            if not only_compare:
                with self._showing.step("switching"):
                    await self._switch(compared)
                self._showing.say(f"{self.name}: switched")
            elif all(each.same for each in compared):
                await self._shadow.drop()
        return compared

    async def _catch_up(self) -> None:
        """Read all topics to where they end now, and give up what was given up before."""
        with self._showing.filling(self._fillings):
            tasks = [asyncio.create_task(each.fill()) for each in self._fillings]
            try:
                await asyncio.gather(*tasks)
            except KafkaError as away:
                raise Transient(f"Kafka: {in_words(away)}") from away
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        for each in self._fillings:
            await repeat_discards(each, beside=self._beside, parking=self._parking)

    async def _switch(self, compared: Sequence[Compared]) -> None:
        details: dict[str, Any] = {
            "consumers": list(self._shadow.consumers),
            "tables": [
                {
                    "table": each.table,
                    "equal": each.equal,
                    "different": each.different,
                    "only_live": each.only_live,
                    "only_new": each.only_new,
                }
                for each in compared
            ],
        }
        late: list[Behind] = []
        for attempt in range(_TRIES):
            wait_ms = _WAIT_MS if attempt < _TRIES // 2 else _INSIST_MS
            try:
                await self._catch_up()
                late = await switch(
                    self._shadow, catch_up=self._catch_up, wait_ms=wait_ms, details=details
                )
                if not late:
                    log.info("rebuild-switched", **details)
                    return
            except Transient as away:
                if attempt == _TRIES - 1:
                    raise
                log.info("switch-must-wait", why=str(away))
            else:
                if not await self._ask_for(late):
                    break
            await asyncio.sleep(random.uniform(0.1, 1.0 + attempt / 2))
        raise CannotRebuild(_in_words(late))

    async def _ask_for(self, late: Sequence[Behind]) -> bool:
        """Ask the owners for what the topics seem to have lost; False if that is not the matter."""
        missing = [each for each in late if each.reason is None][:_ASKED_AT_MOST]
        by_consumer = {each.consumer: each for each in self._fillings}
        for each in missing:
            with contextlib.suppress(Transient):
                await by_consumer[each.consumer].ask(each.subject, each.new)
        return bool(missing)

    @contextlib.asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Nobody else rebuilds this projection meanwhile; the owners of topics can be asked."""
        async with self._live.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            ours = await connection.exec_driver_sql(
                "select pg_try_advisory_lock(hashtextextended($1, 13))", (self._shadow.schema,)
            )
            if not ours.scalar_one():
                raise CannotRebuild(f"{self.name}: another rebuild of it is running")
            control = asyncio.create_task(self._control.run())
            try:
                yield
            finally:
                await self._control.stop()
                control.cancel()
                await asyncio.gather(
                    control, *(each.close() for each in self._fillings), return_exceptions=True
                )
                await self._beside.close()


def _in_words(late: Sequence[Behind]) -> str:
    shown = [
        f"  {each.subject}: live at {each.live}, new at {each.new}"
        + (f", parked as {each.reason}" if each.reason else ", the rest is not in the topic")
        for each in late[:10]
    ]
    return "\n".join(
        [
            f"nothing was switched: of {len(late)} subjects the live tables know more",
            *shown,
            "What is filled is kept. Mend the cause and run it again.",
        ]
    )
