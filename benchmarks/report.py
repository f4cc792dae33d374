"""The table on the terminal, and the JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from benchmarks.runner import Figure, Work

__all__ = ["in_words", "read_json", "table", "write_json"]


def table(work: Work, figures: Sequence[Figure]) -> Table:
    """One work's figures."""
    made = Table(title=f"{work.title}. Aim: {work.aim}", title_justify="left", expand=True)
    made.add_column("contender", no_wrap=True)
    made.add_column("median", justify="right", no_wrap=True)
    made.add_column(f"of {work.limit}" if work.limit else "ratio", justify="right", no_wrap=True)
    made.add_column("what it does", ratio=1)
    for figure in figures:
        ratio = "" if figure.ratio_to_limit is None else f"{figure.ratio_to_limit:.3f}"
        made.add_row(figure.contender, in_words(figure), ratio, work.does.get(figure.contender, ""))
    return made


def in_words(figure: Figure) -> str:
    """`41,200 events/s`, or that it does not count."""
    if figure.value is None:
        return "WRONG RESULT"
    digits = (
        0 if figure.value >= 100 or figure.value.is_integer() else 1 if figure.value >= 10 else 2
    )
    return f"{figure.value:,.{digits}f} {figure.unit}"


def write_json(figures: Sequence[Figure], path: Path) -> None:
    path.write_text(json.dumps([asdict(figure) for figure in figures], indent=1) + "\n")


def read_json(path: Path) -> list[Figure]:
    return [Figure(**each) for each in json.loads(path.read_text())]
