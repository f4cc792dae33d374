"""`rapport rebuild`: a service's projections filled anew, by that service's own command.

It works on the service's database, so it is a process beside the service, with its settings; this
only finds them.
"""

import os
import sys
from typing import Annotated, NoReturn

import typer

from services.program.output import Exit, fail
from services.program.places import run_file, running_now
from services.program.system import SERVICES

__all__ = ["rebuild"]


def rebuild(
    service: Annotated[str, typer.Argument(help="The service, as in `reporting`.")],
    projection: Annotated[
        str | None, typer.Option(help="Only this one: a topic, or a table that it fills.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Do not switch; 1 if there is a difference.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw away what an interrupted one has filled.")
    ] = False,
) -> NoReturn:
    """Fill a service's projections anew from the topics, compare, and switch; it serves all along.

    Ctrl-C interrupts it; the same command goes on.
    """
    if service not in SERVICES:
        fail(f"there is no service {service!r}; there are {', '.join(SERVICES)}")
    settings: dict[str, str] | None = running_now().get("settings", {}).get(service)
    if settings is None:
        fail(
            f"no Rapport runs on this machine ({run_file()} does not exist). Elsewhere run"
            f" `python -m services.{service} rebuild` with the service's own settings",
            Exit.UNREACHABLE,
        )
    options = [f"--projection={projection}"] if projection is not None else []
    options += ["--compare"] if compare else []
    options += ["--fresh"] if fresh else []
    python = [sys.executable, "-P", "-m", f"services.{service}", "rebuild", *options]
    # in place of this process: the terminal, its signals and the exit code are that command's
    os.execve(python[0], python, {**os.environ, **settings})  # noqa: S606
