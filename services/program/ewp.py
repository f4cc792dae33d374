"""`rapport ewp`: Inter-Institutional Agreements of Erasmus Without Paper.

What needs no running system is the agreements service's own command, started in place of this one:
its options, its help and its exit code are that command's.
"""

import os
import sys
from typing import NoReturn

import typer

__all__ = ["ewp"]

ewp = typer.Typer(
    no_args_is_help=True,
    help="Inter-Institutional Agreements of Erasmus Without Paper, version 7.",
)

_OF_THE_SERVICE = {
    "allow_extra_args": True,
    "ignore_unknown_options": True,
    "help_option_names": [],
}


@ewp.command(context_settings=_OF_THE_SERVICE, epilog="Example: rapport ewp check partner.xml")
def check(context: typer.Context) -> None:
    """FILE against the published schemas, and against what practice asks beyond them."""
    _become("check", context.args)


@ewp.command("hash", context_settings=_OF_THE_SERVICE, epilog="Example: rapport ewp hash ours.xml")
def hash_(context: typer.Context) -> None:
    """The hash of each agreement in FILE, of its text exactly as it is written."""
    _become("hash", context.args)


@ewp.command(
    context_settings=_OF_THE_SERVICE, epilog="Example: rapport ewp diff ours.xml theirs.xml"
)
def diff(context: typer.Context) -> None:
    """What the copies OURS and THEIRS say otherwise: by meaning, not by spelling."""
    _become("diff", context.args)


def _become(command: str, arguments: list[str]) -> NoReturn:
    python = [sys.executable, "-P", "-m", "services.agreements.gateways.ewp", command, *arguments]
    os.execv(python[0], python)  # noqa: S606
