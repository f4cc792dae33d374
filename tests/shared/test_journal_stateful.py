"""Whatever writers, relays and forgers do, the journal is what a list would be."""

import asyncio
import hashlib
from collections import defaultdict
from datetime import UTC, datetime
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from shared import journal
from shared.clock import Clock
from shared.database import Database
from shared.errors import Rejected
from shared.facts import Fact
from shared.reference import Reference
from tests.support.stateful import Ground

SUBJECTS = st.sampled_from(["a", "b", "c"])
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


class Noted(Fact):
    """A fact for tests."""

    type: ClassVar[str] = "rapport.tests.noted.v1"
    n: int


class JournalMachine(RuleBasedStateMachine):
    """The model: a list of bytes for each subject, and the set of what waits to be sent."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.ground = Ground(self.url, "journal", "unpublished")
        self.database = Database(
            self.url, service="tests", clock=Clock(), reference=Reference({}), pool=2
        )
        self.told: dict[str, list[bytes]] = defaultdict(list)
        self.waiting: set[tuple[str, int]] = set()
        self.n = 0

    async def append(self, subject: str, after: int, facts: list[Noted]) -> bool:
        try:
            async with self.database.connect() as connection:
                await journal.append(
                    connection,
                    service="tests",
                    subject=subject,
                    after=after,
                    facts=facts,
                    actor="x",
                    correlation_id="c",
                    time=WHEN,
                )
        except Rejected as rejected:
            return rejected.code != "conflict"
        return True

    def facts(self, count: int) -> list[Noted]:
        self.n += count
        return [Noted(n=self.n - nth) for nth in range(count)]

    def tell(self, subject: str, facts: list[Noted]) -> None:
        for fact in facts:
            self.told[subject].append(fact.data())
            self.waiting.add((subject, len(self.told[subject])))

    @rule(subject=SUBJECTS, count=st.integers(1, 4))
    def write(self, subject: str, count: int) -> None:
        facts = self.facts(count)
        assert self.ground.run(self.append(subject, len(self.told[subject]), facts))
        self.tell(subject, facts)

    @rule(subject=SUBJECTS, off=st.sampled_from([-2, -1, 1, 3]))
    def write_on_what_is_not_so(self, subject: str, off: int) -> None:
        after = len(self.told[subject]) + off
        if after >= 0:
            assert not self.ground.run(self.append(subject, after, self.facts(1)))

    @rule(subject=SUBJECTS, writers=st.integers(2, 3))
    def write_at_once(self, subject: str, writers: int) -> None:
        offers = [self.facts(1) for _ in range(writers)]
        after = len(self.told[subject])

        async def all_at_once() -> list[bool]:
            return await asyncio.gather(*(self.append(subject, after, each) for each in offers))

        taken = self.ground.run(all_at_once())
        assert taken.count(True) == 1
        self.tell(subject, offers[taken.index(True)])

    @rule(subject=SUBJECTS, most=st.integers(1, 3))
    def send(self, subject: str, most: int) -> None:
        """As the relay does: a prefix of what waits of a subject."""
        rows = self.ground.rows(
            "delete from unpublished using (select journal_id, version from unpublished"
            " join journal on id = journal_id where subject = $1 order by id limit $2) sent"
            " where unpublished.journal_id = sent.journal_id returning version",
            subject,
            most,
        )
        self.waiting -= {(subject, version) for (version,) in rows}

    @rule(subject=st.none() | SUBJECTS, after=st.integers(0, 3))
    def publish_again(self, subject: str | None, after: int) -> None:
        async def republish() -> int:
            async with self.database.connect() as connection:
                return await journal.republish(connection, subject=subject, after=after)

        wanted = {
            (each, version)
            for each, datas in self.told.items()
            for version in range(after + 1, len(datas) + 1)
            if subject in (None, each)
        }
        assert self.ground.run(republish()) == len(wanted - self.waiting)
        self.waiting |= wanted

    @rule(subject=SUBJECTS, version=st.integers(1, 6), what=st.sampled_from(["data", "digest"]))
    def forge(self, subject: str, version: int, what: str) -> None:
        """Somebody changes a row; it is seen, and taken back."""
        change = f"update journal set {what} = $3 where subject = $1 and version = $2"  # noqa: S608
        before = self.ground.rows(
            f"select {what} from journal where subject = $1 and version = $2",  # noqa: S608
            subject,
            version,
        )
        self.ground.rows(change, subject, version, b"forged")
        assert self.broken() == ([subject] if before else [])
        for (value,) in before:
            self.ground.rows(change, subject, version, value)

    def broken(self) -> list[str]:
        async def ask() -> list[str]:
            async with self.database.connect() as connection:
                return await journal.broken_chains(connection)

        return self.ground.run(ask())

    @invariant()
    def the_database_equals_the_model(self) -> None:
        expected = []
        for subject in sorted(self.told):
            digest = b""
            for version, data in enumerate(self.told[subject], start=1):
                digest = hashlib.sha256(digest + Noted.type.encode() + b"\0" + data).digest()
                expected.append((subject, version, data, digest))
        order = "order by subject, version"
        assert expected == self.ground.rows(
            f"select subject, version, data, digest from journal {order}"  # noqa: S608
        )
        waits = self.ground.rows(
            "select subject, version from unpublished join journal on id = journal_id"
            " and unpublished.bucket = journal.bucket"
        )
        assert self.waiting == set(waits)
        assert len(self.waiting) == len(waits)

    def teardown(self) -> None:
        assert self.broken() == []
        self.ground.run(self.database.close())
        self.ground.end()


def test_the_journal_is_what_a_list_of_facts_would_be(plumbing: str) -> None:
    machine = type("Machine", (JournalMachine,), {"url": plumbing})
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=20))
