"""`rapport template`, `import`, `export`: registers as spreadsheets, in and out."""

import asyncio
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from services.program.client import connect
from services.program.extracts import command as extracts
from services.program.importing import import_sheet
from services.program.ledger import Ledger, Verdict
from services.program.output import Exit, console, fail, run, say_json_lines, table
from services.program.registers import REGISTERS
from services.program.spreadsheets import Sheet
from shared.sheets.layout import Layout
from shared.sheets.naming import LANGUAGES, Language
from shared.sheets.template import template as template_of
from shared.sheets.writing import MEDIA, Format, writer

__all__ = ["app", "write_result"]

app = typer.Typer()

_MOST_SHOWN = 50
_AT_ONCE = 500
RESULT = ("#outcome", "#field", "#error", "#warnings")
"""What is added to the sheet: columns that an import passes over."""


class Said(StrEnum):
    """A language, as an option."""

    EN = "en"
    VI = "vi"
    ZH = "zh"


RegisterArgument = Annotated[str, typer.Argument(help=f"One of: {', '.join(REGISTERS)}.")]
LanguageOption = Annotated[Said, typer.Option("--language", help="Of the columns' names.")]


@app.command(epilog="Example: rapport template partners --language vi")
def template(
    register: RegisterArgument,
    language: LanguageOption = Said.EN,
    out: Annotated[Path | None, typer.Option("--out", help="Default: REGISTER.xlsx.")] = None,
) -> None:
    """An empty XLSX for a register: its columns, what may stand in each, lists to choose from."""
    layout = _layout(register)
    file = out or Path(f"{register}.xlsx")
    file.write_bytes(template_of(layout, _language(language)))
    console.print(f"{file}: {len(layout.columns)} columns", markup=False)


@app.command("import", epilog="Example: rapport import partners partners.xlsx --dry-run")
def import_(
    register: Annotated[
        str, typer.Argument(help=f"One of: {', '.join(REGISTERS)}; hr, registrar.")
    ],
    file: Annotated[Path, typer.Argument(help="CSV or XLSX; columns by name.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would become of each row; keep nothing.")
    ] = False,
    result: Annotated[
        Path | None,
        typer.Option("--result", help="CSV or XLSX: the same rows, each with what became of it."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option("--encoding", help="Of a CSV that is not UTF-8: cp1258, gb18030.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    mapping: extracts.MappingOption = None,
    allow_missing: extracts.AllowMissingOption = None,
) -> None:
    """A spreadsheet into a register: bad rows are named, good ones kept, twice changes nothing.

    A full extract of `hr` or `registrar` becomes the events that its difference from the last one
    implies.
    """
    if register in extracts.SYSTEMS:
        extracts.run_extract(
            register,
            file,
            mapping=mapping,
            allow_missing=allow_missing,
            dry_run=dry_run,
            as_json=as_json,
        )
        return
    layout = _layout(register)
    if result is not None:
        _format(result)

    async def work(ledger: Ledger) -> Sheet:
        sheet = Sheet(file, layout, encoding=encoding)
        async with connect() as client:
            await import_sheet(client, sheet, layout, ledger, dry_run=dry_run)
        return sheet

    with Ledger() as ledger:
        sheet = run(work(ledger))
        if result is not None:
            write_result(sheet, ledger, result)
        counts = ledger.counts()
        if as_json:
            say_json_lines({"counts": counts}, "rows", (v.as_dict() for v in ledger.verdicts()))
        else:
            _show(file.name, ledger, counts["refused"], dry_run=dry_run)
    if counts["refused"]:
        raise typer.Exit(Exit.NO)


def _show(name: str, ledger: Ledger, refused: int, *, dry_run: bool) -> None:
    if refused:
        shown = ledger.verdicts("refused", most=_MOST_SHOWN)
        rows = [(each.row, each.ref, each.field, each.why) for each in shown]
        table(f"Refused rows of {name}", ["row", "ref", "field", "why"], rows)
        if refused > _MOST_SHOWN:
            console.print(f"... and {refused - _MOST_SHOWN} more: --result FILE has them all")
    counts = ledger.counts().items()
    said = ", ".join(f"{count} {outcome}" for outcome, count in counts) or "no rows"
    would = " (dry run: nothing was kept)" if dry_run else ""
    console.print(f"{name}: {said}{would}", markup=False)


def write_result(sheet: Sheet, ledger: Ledger, file: Path) -> None:
    """The rows of the sheet as they stand, and beside each what became of it."""
    with tempfile.TemporaryDirectory() as folder, file.open("wb") as out:
        rows = writer(_format(file), folder=Path(folder), title=sheet.path.stem)
        out.write(rows.add([[*sheet.heading, *RESULT]]))
        some: list[list[str]] = []
        for line in _judged(sheet, ledger.verdicts()):
            some.append(line)
            if len(some) == _AT_ONCE:
                out.write(rows.add(some))
                some = []
        out.write(rows.add(some))
        out.writelines(rows.end())


def _judged(sheet: Sheet, verdicts: Iterator[Verdict]) -> Iterator[list[str]]:
    for row, verdict in zip(sheet, verdicts, strict=True):
        blank = [""] * (len(sheet.heading) - len(row.line))
        said = [verdict.outcome, verdict.field, verdict.why, "; ".join(verdict.warnings)]
        yield [*row.line, *blank, *said]


@app.command(epilog="Example: rapport export partners jp.xlsx --where country=JP")
def export(
    register: RegisterArgument,
    file: Annotated[Path, typer.Argument(help="Where to: .csv or .xlsx.")],
    where: Annotated[
        list[str] | None, typer.Option("--where", help="A filter of the list: status=active.")
    ] = None,
    language: LanguageOption = Said.EN,
) -> None:
    """A register, or what its list's filters leave of it, as a spreadsheet that can be imported."""
    layout = _layout(register)
    if layout.listed is None:
        fail(f"{register} have no list of their own; they stand in those of what they belong to")
    path = layout.listed
    form = _format(file)
    filters: dict[str, Any] = {}
    for each in where or ():
        name, sign, value = each.partition("=")
        if not sign:
            fail(f"--where takes FIELD=VALUE, not {each!r}")
        filters.setdefault(name, []).append(value)

    async def work() -> int:
        async with connect() as client:
            written = 0
            with file.open("wb") as out:
                query = filters | {"format": form, "language": language.value}
                async for chunk in client.stream(path, **query):
                    written += await asyncio.to_thread(out.write, chunk)
            return written

    console.print(f"{file}: {run(work())} bytes", markup=False)


def _layout(register: str) -> Layout:
    if register not in REGISTERS:
        fail(f"there is no register {register!r}; there are {', '.join(REGISTERS)}")
    return REGISTERS[register]


def _language(said: Said) -> Language:
    return LANGUAGES[list(Said).index(said)]


def _format(file: Path) -> Format:
    found = [form for form in MEDIA if file.suffix.lower() == f".{form}"]
    return found[0] if found else fail(f"{file.name}: its name must end in .csv or .xlsx")
