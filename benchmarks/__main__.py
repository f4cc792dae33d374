"""`python -m benchmarks`: all works, or some, on servers of their own. `make bench` calls it."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.place import PEERS, Place, place
from benchmarks.report import table, write_json
from benchmarks.runner import Figure, Turn, Work, in_turn
from benchmarks.works import WORKS


def main() -> int:
    asked = _asked()
    console = Console()
    works = [work for work in WORKS if not asked.only or work.name in asked.only]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its folder goes then, too
    try:
        figures = asyncio.run(_run(works, asked, console))
    except KeyboardInterrupt:
        console.print("interrupted: the works that are done are in the JSON, if one was asked for")
        return 130
    wrong = [f"{each.work}: {each.contender}" for each in figures if not each.checked]
    for each in wrong:
        console.print(f"[bold red]wrong result, no figure: {each}")
    return 1 if wrong else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    names = [work.name for work in WORKS]
    parser.add_argument("--quick", action="store_true", help="smaller, median of three")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--only", type=_names, default=[], help=f"of {', '.join(names)}")
    parser.add_argument("--contenders", type=_names, default=[], help="only these")
    parser.add_argument("--rounds", type=int, help="how often each does it, at most")
    asked = parser.parse_args()
    if unknown := set(asked.only) - set(names):
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return asked


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


async def _run(works: Sequence[Work], asked: argparse.Namespace, console: Console) -> list[Figure]:
    figures = _machine()
    with _progress(console) as progress:
        task = progress.add_task("starting PostgreSQL and Kafka", total=None)
        async with place(quick=asked.quick) as here:
            for work in works:
                progress.update(task, description=f"{work.name}: preparing", total=None)
                figures += await _do(work, here, asked, progress)
                if asked.json:
                    write_json(figures, asked.json)
                progress.update(task, description=f"{work.name}: done")
    return figures


async def _do(
    work: Work, here: Place, asked: argparse.Namespace, progress: Progress
) -> list[Figure]:
    async with work.open(here) as offered:
        contenders = [c for c in offered if not asked.contenders or c.name in asked.contenders]
        if not PEERS.exists():
            left_out = [c.name for c in contenders if c.peer]
            contenders = [c for c in contenders if not c.peer]
            if left_out:
                progress.console.print(
                    f"not installed (`make bench` does it): {', '.join(left_out)}"
                )
        most = work.rounds(asked.quick)
        rounds = min(asked.rounds or most, most)  # some can be done only once
        [task] = progress.task_ids
        progress.update(task, total=rounds * len(contenders), completed=0)

        def tell(turn: Turn) -> None:
            label = f"{work.name}: {turn.contender}, round {turn.round} of {rounds}"
            if turn.said == "runs":
                progress.update(task, description=label)
            else:
                progress.update(task, advance=1)
                progress.console.print(f"{label}: {turn.said}")

        figures = await in_turn(work, contenders, rounds=rounds, tell=tell)
    progress.console.print(table(work, figures))
    return figures


def _machine() -> list[Figure]:
    """What the figures were measured on, for whoever reads them later."""
    found = {
        "processors": (float(os.cpu_count() or 0), "cores"),
        "memory": (psutil.virtual_memory().total / 1e9, "GB of memory"),
        "others": (os.getloadavg()[0], "other processes at work in the minute before"),
    }
    return [Figure("machine", name, *value, None, checked=True) for name, value in found.items()]


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


if __name__ == "__main__":
    sys.exit(main())
