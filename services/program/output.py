"""How commands speak: tables for people, JSON for scripts, exit codes for both."""

import asyncio
import json
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.program.client import Refused, Unreachable
from services.program.spreadsheets import SheetUnreadable

__all__ = ["Exit", "console", "fail", "run", "say_json", "say_json_lines", "stderr", "table"]

T = TypeVar("T")

console = Console()
stderr = Console(stderr=True)


class Exit(IntEnum):
    """What a script can tell from the exit code."""

    OK = 0
    NO = 1
    """It worked, and the answer is no: rows refused, a number differs, something is wrong."""
    USAGE = 2
    """The command, a setting or a file cannot be used."""
    UNREACHABLE = 3
    """No Rapport answers."""
    REFUSED = 4
    """Rapport refused; the code and the field are printed."""


def fail(message: str, code: Exit = Exit.USAGE) -> NoReturn:
    """Say what is wrong and what to do, and stop."""
    stderr.print(f"[bold red]rapport:[/] {escape(message)}", highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work; what can go wrong becomes a sentence and an exit code."""
    try:
        return asyncio.run(work)
    except Unreachable as error:
        fail(str(error), Exit.UNREACHABLE)
    except Refused as error:
        where = f" (field {error.field})" if error.field else ""
        fail(f"refused: {error.code}{where}: {error.detail}", Exit.REFUSED)
    except (SheetUnreadable, FileNotFoundError, PermissionError) as error:
        fail(str(error))


def say_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def say_json_lines(first: Mapping[str, Any], name: str, rows: Iterable[Any]) -> None:
    """As `say_json`, with a list under that name which need not be in memory."""
    begun = json.dumps(first, ensure_ascii=False, indent=2).removesuffix("\n}")
    typer.echo(f'{begun},\n  "{name}": [', nl=False)
    between = "\n    "
    for row in rows:
        typer.echo(between + json.dumps(row, ensure_ascii=False), nl=False)
        between = ",\n    "
    typer.echo("\n  ]\n}")


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """A table on standard output; cells are text, never markup."""
    shown = Table(title=escape(title), title_justify="left", header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    console.print(shown)
