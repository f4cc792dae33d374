"""Runs the tests that a bug must turn red on a copy of the tree, with the bug planted in it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from shared.embedded import Addresses
from tests.mutants.catalog import ROOT, Bug

__all__ = ["Copy", "Outcome", "Verdict", "judge"]

_PARTS: Final = ("services", "shared", "tests", "deploy", "pyproject.toml")
_TEST_SECONDS: Final = 60
"""A test that hangs has found its bug too; but it should say so by itself, and earlier."""
_BROKEN: Final = ("ImportError", "ModuleNotFoundError", "NameError", "SyntaxError")
"""What fails with these has found a bug in the planting."""


class Outcome(NamedTuple):
    """What became of one test."""

    test: str
    when: str
    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a bug was found, by all the tests that it names; and what they said, or did not."""

    bug: Bug
    found: bool
    why: str
    seconds: float


class Copy:
    """A copy of the tree, on which one trial at a time is run."""

    def __init__(self, folder: Path, servers: Addresses) -> None:
        self.folder = folder
        self._outcomes = folder.with_name(f"{folder.name}.outcomes")
        self._environment = {
            **os.environ,
            "RAPPORT_TEST_DATABASE_URL": servers.postgres_dsn,
            "RAPPORT_TEST_KAFKA_SERVERS": servers.kafka_servers,
            "RAPPORT_OUTCOMES": str(self._outcomes),
            "PYTHONPATH": str(folder),  # before the tree that is installed in this environment
            "PYTHONDONTWRITEBYTECODE": "1",  # of a file that is there for seconds
        }

    @classmethod
    async def make(cls, folder: Path, servers: Addresses) -> "Copy":
        await asyncio.to_thread(_copy, folder)
        return cls(folder, servers)

    async def run(self, tests: Iterable[str]) -> list[Outcome]:
        """What became of these tests on the tree as it is now."""
        tests = sorted(set(tests))
        self._outcomes.write_text("", encoding="utf-8")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "pytest", "--quiet", "--tb=short"),
            *("-p", "tests.mutants.outcomes", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *(f"--timeout={_TEST_SECONDS}", *tests),
            cwd=self.folder,
            env=self._environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout((_TEST_SECONDS + 30) * len(tests)):
                await process.wait()
        except TimeoutError:
            pass  # what it has written until now is what became of them
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # and what it has started
            await process.wait()
        lines = self._outcomes.read_text(encoding="utf-8").splitlines()
        return [Outcome(**json.loads(line)) for line in lines]

    async def try_out(self, bug: Bug) -> Verdict:
        """Plant it, run its tests, and take it out again. Raises Unfit."""
        began = time.monotonic()
        texts = bug.planted(self.folder)
        try:
            for file, text in texts.items():
                place = self.folder / file
                shutil.move(place, place.with_suffix(".sound"))  # its date comes back with it
                place.write_text(text, encoding="utf-8")
            outcomes = await self.run(bug.red)
        finally:
            for file in texts:
                place = self.folder / file
                place.with_suffix(".sound").replace(place)
        found, why = judge(bug.red, outcomes)
        return Verdict(bug, found, why, time.monotonic() - began)


def judge(tests: Sequence[str], outcomes: Sequence[Outcome]) -> tuple[bool, str]:
    """Whether each of these tests has failed, as a test fails that finds a bug; and a reason."""
    said = ""
    for test in tests:
        cases = [each for each in outcomes if of(each, test)]
        if not cases:
            return False, f"{_short(test)} was not run: the tree does not even load"
        broken = [each for each in cases if each.when == "setup" or each.why.startswith(_BROKEN)]
        if broken:
            return False, f"{_short(test)} broke down: {_line(broken[0].why)}"
        failed = [each for each in cases if each.outcome == "failed"]
        if not failed:
            return False, f"{_short(test)} did not see it"
        said = said or f"{_short(test)}: {_line(failed[0].why)}"
    return True, said


def of(outcome: Outcome, test: str) -> bool:
    """Whether it is that of this test, or of one of its cases."""
    return outcome.test == test or outcome.test.startswith(f"{test}[")


def wrong(outcomes: Sequence[Outcome], tests: Iterable[str]) -> Mapping[str, str]:
    """Of these tests, those that do not hold without any bug; and why."""
    found = {each.test: _line(each.why) for each in outcomes if each.outcome != "passed"}
    for test in tests:
        if not any(of(each, test) for each in outcomes):
            found[test] = "was not run"
    return found


def _short(test: str) -> str:
    return test.rpartition("::")[2].removeprefix("test_").replace("_", " ")


def _line(text: str) -> str:
    return text.partition("\n")[0]


def _copy(folder: Path) -> None:
    """The tree, with dates: what Python has compiled of a file stays good until a bug is in it."""
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        else:
            shutil.copy2(ROOT / part, folder / part)
