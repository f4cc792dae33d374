"""`rapport ewp`: Inter-Institutional Agreements of Erasmus Without Paper.

What needs no running system is the agreements service's own command, started in place of this one:
its options, its help and its exit code are that command's. The rest asks the service over HTTP.
"""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from services.program.client import connect
from services.program.output import Exit, console, run, say_json

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

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
HeiOption = Annotated[
    str | None,
    typer.Option("--hei", help="Our SCHAC id, where the service's settings do not say it."),
]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="Needed language, where no imported copy says it.")
]
LevelOption = Annotated[str | None, typer.Option("--cefr-level", help="How well: A1 to C2.")]


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


@ewp.command("import", epilog="Example: rapport ewp import partner.xml --unit hust/me")
def import_(
    file: Annotated[Path, typer.Argument(help="The partner's `iias-get-response`.")],
    unit: Annotated[str, typer.Option("--unit", help="Our unit that agrees, as in `hust/me`.")],
    hei: HeiOption = None,
    entered: Annotated[
        str | None,
        typer.Option("--as", help="proposed or recorded; by default, in effect is recorded."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Every agreement of FILE: new ones are entered, of known ones the copy is kept beside."""

    async def work() -> dict[str, Any]:
        async with connect() as client:
            return await client.post_bytes(
                "/agreements/ewp/iias",
                file.read_bytes(),
                content_type="application/xml",
                unit=unit,
                hei=hei,
                entered=entered,
            )

    told = run(work())
    if as_json:
        say_json(told)
        return
    for each in told["agreements"]:
        whose = f"{each['hei']} {each['iia_id'] or ''}".strip()
        console.print(f"{each['outcome']}: {each['agreement']} ({whose})", markup=False)
        for warning in each["warnings"]:
            console.print(f"    {warning}", markup=False)


@ewp.command(epilog="Example: rapport ewp export agreement-01k9... --out ours.xml")
def export(
    agreement: Annotated[str, typer.Argument(help="Its id.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The file to write; default: standard output.")
    ] = None,
    hei: HeiOption = None,
    language: LanguageOption = None,
    cefr_level: LevelOption = None,
) -> None:
    """Our copy of AGREEMENT, with its hash; what the format cannot hold is refused."""
    document = run(_get_bytes(f"/agreements/{agreement}/ewp", hei, language, cefr_level))
    if out is None:
        typer.echo(document.decode(), nl=False)
        return
    out.write_bytes(document)
    console.print(f"{out}: {len(document)} bytes", markup=False)


@ewp.command(epilog="Example: rapport ewp differences agreement-01k9...")
def differences(
    agreement: Annotated[str, typer.Argument(help="Its id.")],
    hei: HeiOption = None,
    language: LanguageOption = None,
    cefr_level: LevelOption = None,
    as_json: JsonOption = False,
) -> None:
    """What our copy of AGREEMENT and the partner's newest say otherwise; 1 if anything."""

    async def work() -> dict[str, Any]:
        async with connect() as client:
            query = {"hei": hei, "language": language, "cefr_level": cefr_level}
            return await client.get(f"/agreements/{agreement}/ewp/differences", **query)

    told = run(work())
    if as_json:
        say_json(told)
    else:
        for each in told["differences"]:
            console.print(each["text"], markup=False, soft_wrap=True, highlight=False)
        for remark in told["remarks"]:
            console.print(f"(no difference) {remark}", markup=False, soft_wrap=True)
        if told["same"]:
            console.print("the same in meaning")
    raise typer.Exit(Exit.OK if told["same"] else Exit.NO)


async def _get_bytes(
    path: str, hei: str | None, language: str | None, cefr_level: str | None
) -> bytes:
    async with connect() as client:
        return await client.get_bytes(path, hei=hei, language=language, cefr_level=cefr_level)
