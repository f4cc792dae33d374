"""A register of partners: duplicates found among made-up names, the register filled, searched.

The service is the product's own, with its database, asked over HTTP within one process: what the
caller costs is in the figures.
"""

import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx

from benchmarks.names import Body, bodies, find, true_pairs
from benchmarks.place import Place
from benchmarks.runner import Contender, Opened, Reading, WrongResult
from services.agreements.settings import Settings
from services.agreements.wiring import build
from tests.support.office import at_hand, clients_of, settings_in

__all__ = ["Partners"]

_SEED = 2026
_THRESHOLDS = (80, 84, 86, 88, 90, 94)
_ROWS = 100


class Partners:
    """See the module."""

    name = "partners"
    title = "A register of partners"
    aim = "10,000 imported in 60 s; a search answered in 100 ms"
    limit = None

    does: ClassVar = {
        "duplicates": "every entry compared with those that share a key; precision and recall",
        "import": "rows in slices of 100, each looked at for duplicates",
        "search": "names, beginnings, words, slips, ids of what was imported, one after the other",
    }

    def rounds(self, quick: bool, /) -> int:
        return 1 if quick else 3

    @asynccontextmanager
    async def open(self, place: Place, /) -> Opened:
        entries = bodies(_SEED, 2_000 if place.quick else 10_000)
        register = _Register(place, entries)
        yield [
            Contender("duplicates", lambda: _duplicates(entries)),
            Contender("import", register.fill_and_search),
        ]


async def _duplicates(entries: Sequence[Body]) -> Sequence[Reading]:
    began = time.perf_counter()
    found, true = find(entries), true_pairs(entries)
    took = time.perf_counter() - began
    readings = [Reading("duplicates", took / len(entries) * 1e3, "ms/entry")]
    for least in _THRESHOLDS:
        proposed = {pair for pair, score in found.items() if score >= least}
        right = len(proposed & true.keys())
        readings += [
            Reading(f"score {least}", 100 * right / max(1, len(proposed)), "% right"),
            Reading(f"score {least}", 100 * right / len(true), "% found"),
        ]
    if not true or readings[-1].value < 50:
        raise WrongResult("what is entered twice is not found")
    return readings


class _Register:
    """The service, its register filled and asked."""

    def __init__(self, place: Place, entries: Sequence[Body]) -> None:
        self.place = place
        self.entries = entries

    async def fill_and_search(self) -> Sequence[Reading]:
        dsn = await self.place.database("agreements")
        try:
            async with self._client(dsn) as client:
                began = time.perf_counter()
                for first in range(0, len(self.entries), _ROWS):
                    await self._tell(client, first)
                took = time.perf_counter() - began
                searched = await self._search(client)
        finally:
            await self.place.databases.drop(dsn)
        rate = len(self.entries) / took
        return [Reading("import", rate, "rows/s"), Reading("import", took, "s"), *searched]

    @asynccontextmanager
    async def _client(self, dsn: str) -> AsyncIterator[httpx.AsyncClient]:
        folder = Path(self.place.folder) / f"register-{random.randrange(10**9)}"
        folder.mkdir()
        told = settings_in(folder, database_url=dsn) | {"kafka_servers": self.place.kafka}
        async with (
            at_hand(build(Settings.model_validate(told))) as service,
            clients_of(service) as clients,
        ):
            yield clients()

    async def _tell(self, client: httpx.AsyncClient, first: int) -> None:
        rows = [
            {"ref": f"P-{first + number}"} | _told(each)
            for number, each in enumerate(self.entries[first : first + _ROWS])
        ]
        answer = await client.post("/agreements/records/partners", json=rows)
        verdicts = answer.json().get("rows", [])
        if [each["outcome"] for each in verdicts] != ["created"] * len(rows):
            raise WrongResult(answer.text[:300])

    async def _search(self, client: httpx.AsyncClient) -> Sequence[Reading]:
        """Each question is about one that is there, and it must be among those that are found."""
        chance = random.Random(_SEED)
        took, missed = [], 0
        picked = chance.sample(range(len(self.entries)), 300)
        for place in picked:
            typed, sure = _typed(self.entries[place], place, chance)
            began = time.perf_counter()
            answer = await client.get("/agreements/partners/search", params={"q": typed})
            took.append((time.perf_counter() - began) * 1e3)
            refs = [each["partner"]["ref"] for each in answer.json()["items"]]
            if f"P-{place}" not in refs:
                missed += 1
                if sure:
                    raise WrongResult(
                        f"{typed!r} does not find {self.entries[place].called.name!r}"
                    )
        return [
            Reading("search", statistics.median(took), "ms p50"),
            Reading("search", statistics.quantiles(took, n=100)[98], "ms p99"),
            Reading("search", 100 * (1 - missed / len(picked)), "% found among 20"),
        ]


def _told(entry: Body) -> dict[str, Any]:
    called = entry.called
    return {
        "unit": "hust",
        "kind": "university",
        "name": called.name,
        "names": [{"name": each} for each in called.names or (called.name,)],
        "aliases": list(called.aliases),
        "country": called.countries[0],
    }


def _typed(entry: Body, place: int, chance: random.Random) -> tuple[str, bool]:
    """What somebody types who means it, and whether it must be found."""
    name = entry.called.name
    way = chance.randrange(5)
    if way == 0:
        return f"P-{place}", True
    if way == 1:
        return name, True
    if way == 2:
        return name[: max(4, len(name) * 2 // 3)], False
    if way == 3:
        return " ".join(reversed(name.replace(",", "").split())), False
    at = chance.randrange(1, max(2, len(name) - 1))
    return name[:at] + name[at + 1 :], False
