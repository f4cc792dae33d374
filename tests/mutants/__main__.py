"""`python -m tests.mutants`: each planted bug must turn its tests red. `make test-mutants`.

A test that nothing can make fail promises nothing. So: all tests that are named, once, as the tree
is; then, for each bug, those that it names, on a copy of the tree that has it. A bug that survives
says that a test is missing. One PostgreSQL and one Kafka serve the whole run.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.mutants.catalog import ROOT, Bug, Unfit, catalog
from tests.mutants.trials import Copy, Verdict, wrong
from tests.support.servers import test_servers as servers


def main() -> int:
    console = Console()
    asked = _asked()
    try:
        return asyncio.run(_run(asked.only or catalog(), asked.jobs, console))
    except Unfit as unfit:
        console.print(escape(str(unfit)), style="bold red")
        return 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-mutants", description=__doc__)
    parser.add_argument("--only", type=_bugs, metavar="NAME[,NAME]", help="these bugs alone")
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time (2)")
    return parser.parse_args()


def _bugs(names: str) -> list[Bug]:
    known = {bug.name: bug for bug in catalog()}
    if unknown := [name for name in names.split(",") if name not in known]:
        raise argparse.ArgumentTypeError(
            f"no such bug: {', '.join(unknown)}; there are {', '.join(known)}"
        )
    return [known[name] for name in names.split(",")]


async def _run(bugs: Sequence[Bug], jobs: int, console: Console) -> int:
    for bug in bugs:
        bug.planted(ROOT)
    tests = {test for bug in bugs for test in bug.red}
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with (
        tempfile.TemporaryDirectory(prefix="rapport-mutants-") as folder,
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
    ):
        task = progress.add_task("starting PostgreSQL and Kafka", total=len(bugs))
        async with servers(f"mutants-{secrets.token_hex(4)}") as addresses:
            copies = [await Copy.make(Path(folder) / f"{n}", addresses) for n in range(jobs)]
            progress.update(task, description=f"without a bug: {len(tests)} tests")
            if failed := wrong(await copies[0].run(tests), tests):
                for test, why in failed.items():
                    console.print(f"[bold red]red without any bug:[/] {escape(f'{test}: {why}')}")
                return 1
            verdicts = await _try_out(bugs, copies, progress)
    console.print(_table(verdicts))
    survivors = [verdict.bug.name for verdict in verdicts if not verdict.found]
    console.print(f"{len(verdicts) - len(survivors)} of {len(verdicts)} planted bugs were found")
    return 1 if survivors else 0


async def _try_out(
    bugs: Sequence[Bug], copies: Sequence[Copy], progress: Progress
) -> list[Verdict]:
    [task] = progress.task_ids
    free: asyncio.Queue[Copy] = asyncio.Queue()
    for copy in copies:
        free.put_nowait(copy)

    async def try_out(bug: Bug) -> Verdict:
        copy = await free.get()
        progress.update(task, description=bug.name)
        verdict = await copy.try_out(bug)
        free.put_nowait(copy)
        progress.advance(task)
        if not verdict.found:
            progress.console.print(f"[bold red]survived:[/] {escape(f'{bug.name}: {verdict.why}')}")
        return verdict

    async with asyncio.TaskGroup() as group:
        trials = [group.create_task(try_out(bug)) for bug in bugs]
    return [trial.result() for trial in trials]


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table("planted bug", "breaks", "", "seconds", "what the test said")
    for each in verdicts:
        verdict = "[green]found" if each.found else "[bold red]survived"
        table.add_row(
            each.bug.name, each.bug.breaks, verdict, f"{each.seconds:.0f}", escape(each.why)
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
