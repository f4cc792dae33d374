"""What a person types and sees: `rapport import hr|registrar`, `rapport mapping ...`."""

from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import ValidationError
from rapidfuzz import fuzz

from services.program.client import connect
from services.program.extracts.kinds import KINDS
from services.program.extracts.mapping import Mapping_
from services.program.extracts.reading import columns_of
from services.program.extracts.running import Outcome, TooMuchMissing, import_extract
from services.program.files import read_yaml
from services.program.output import Exit, console, fail, run, say_json, table

__all__ = [
    "SYSTEMS",
    "AllowMissingOption",
    "MappingOption",
    "app",
    "run_extract",
]

SYSTEMS = ("hr", "registrar")
_SHOWN = 50
_ALIKE = 72
"""From this likeness on (of 100), a column is proposed for a field."""

MappingOption = Annotated[
    str | None, typer.Option("--mapping", help="Of hr and registrar: how the extract is read.")
]
AllowMissingOption = Annotated[
    int | None,
    typer.Option("--allow-missing", min=0, help="Of hr and registrar: so many rows may be gone."),
]

app = typer.Typer(
    no_args_is_help=True, help="How extracts of HR and the registrar are read: named mappings."
)


def run_extract(
    system: str,
    file: Path,
    *,
    mapping: str | None,
    allow_missing: int | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """`rapport import hr|registrar FILE`: ends the command with an exit code of its own."""
    if mapping is None:
        fail("say by which mapping it is read: --mapping NAME (`rapport mapping list`)")

    async def work() -> Outcome:
        async with connect() as client:
            kept = await client.get(f"/mobility/extracts/{mapping}")
            if kept["mapping"]["system"] != system:
                fail(f"the mapping {mapping!r} reads extracts of {kept['mapping']['system']}")
            return await import_extract(
                client, mapping, file, allow_missing=allow_missing, dry_run=dry_run
            )

    try:
        outcome = run(work())
    except TooMuchMissing as error:
        fail(str(error), Exit.NO)
    if as_json:
        say_json(_as_json(outcome))
    else:
        _show(outcome, file, dry_run=dry_run)
    if outcome.refused:
        raise typer.Exit(Exit.NO)


@app.command("list", epilog="Example: rapport mapping list")
def list_mappings() -> None:
    """The names of the mappings that are kept."""

    async def work() -> Any:
        async with connect() as client:
            return await client.get("/mobility/extracts")

    for name in run(work()):
        typer.echo(name)


@app.command(epilog="Example: rapport mapping draft exchange extract.csv > exchanges.yaml")
def draft(
    rows: Annotated[str, typer.Argument(help=f"What a row is: {', '.join(KINDS)}.")],
    file: Annotated[Path, typer.Argument(help="An extract: CSV (UTF-8) or XLSX.")],
) -> None:
    """A mapping to begin with: each field with the column whose name is most like it."""
    if rows not in KINDS:
        fail(f"there are no rows of the kind {rows!r}; there are {', '.join(KINDS)}")
    try:
        typer.echo(drafted(rows, columns_of(file)), nl=False)
    except (OSError, ValueError) as error:
        fail(str(error))


@app.command(epilog="Example: rapport mapping keep exchanges exchanges.yaml")
def keep(
    name: Annotated[str, typer.Argument(help="Under which it is kept.")],
    file: Annotated[Path, typer.Argument(help="The YAML file, completed.")],
) -> None:
    """Keep a mapping under a name, or in place of the one that has the name."""
    try:
        found = Mapping_.model_validate(read_yaml(file))
    except (yaml.YAMLError, OSError) as error:
        fail(f"{file}: {error}")
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in wrong["loc"])
        fail(f"{file}: {place}: {wrong['msg']}" if place else f"{file}: {wrong['msg']}")

    async def work() -> Any:
        async with connect() as client:
            body = found.model_dump(mode="json", exclude_defaults=True)
            return await client.put(f"/mobility/extracts/{name}", body)

    run(work())
    console.print(f"{name}: kept. A row that is gone means: {found.kind.vanished}.", markup=False)


def drafted(rows: str, columns: list[str]) -> str:
    """A mapping as YAML: proposals where a column is like a field, and the rest to be filled in."""
    kind = KINDS[rows]
    proposed: dict[str, str] = {}
    likenesses = [
        (fuzz.token_set_ratio(_words(field), column.casefold()), field, column)
        for field in sorted(kind.known)
        for column in columns
    ]
    for likeness, field, column in sorted(likenesses, key=lambda each: -each[0]):
        if likeness >= _ALIKE and field not in proposed and column not in proposed.values():
            proposed[field] = column
    left = [column for column in columns if column not in proposed.values()]
    open_fields = sorted(kind.known - proposed.keys())
    text = yaml.safe_dump(
        {"system": kind.system, "source": f"/our/{kind.system}", "rows": rows}, sort_keys=False
    )
    if kind.named:
        text += (
            "record: ?        # the column with the number of the row, which never changes\n"
            "person: {column: ?, hashed: true}   # the number of the person\n"
            "name: []         # the columns of the name; it goes into no event\n"
        )
    text += yaml.safe_dump({"columns": proposed}, sort_keys=False, allow_unicode=True)
    text += f"# columns that no field has yet: {', '.join(left) or 'none'}\n"
    text += f"# fields that no column has yet: {', '.join(open_fields) or 'none'}\n"
    text += 'values: {}       # unit: {"Mechanical Engineering": hust/me}\n'
    text += "constants: {}    # what holds of every row: {direction: out, kind: exchange-study}\n"
    return text + f'dates: "%Y-%m-%d"\n# a row that is gone means: {kind.vanished}\n'


def _words(field: str) -> str:
    return field.replace("_on", " date").replace("_", " ").replace(".", " ")


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "rows": outcome.difference.counts,
        "finished": outcome.finished,
        "events": outcome.events,
        "names": outcome.names,
        "changes": [
            {
                "row": each.row,
                "key": each.key,
                "state": each.state,
                "events": [told.as_dict() for told in each.told],
            }
            for each in outcome.difference.changes
        ],
        "refused": [
            {"row": each.row, "key": each.key, "field": each.field, "why": each.why}
            for each in outcome.refused
        ],
    }


def _show(outcome: Outcome, file: Path, *, dry_run: bool) -> None:
    changes = outcome.difference.changes
    if dry_run and changes:
        rows = [
            (
                each.row or "",
                each.key,
                each.state,
                ", ".join(
                    told.type.split(".")[2] + (" taken back" if told.withdrawn else "")
                    for told in each.told
                )
                or "nothing to say",
            )
            for each in changes[:_SHOWN]
        ]
        table(f"What {file.name} would say", ["row", "record", "is", "events"], rows)
        if len(changes) > _SHOWN:
            console.print(f"... and {len(changes) - _SHOWN} more; --json shows all", markup=False)
    if outcome.refused:
        refused = [(each.row, each.key, each.field, each.why) for each in outcome.refused]
        table(f"Refused rows of {file.name}", ["row", "record", "field", "why"], refused)
    if outcome.finished:
        console.print(f"{outcome.finished} rows of a run that had died were finished first.")
    for title, counts in (
        ("rows", outcome.difference.counts),
        ("events", outcome.events),
        ("names", outcome.names),
    ):
        said = ", ".join(f"{count} {what}" for what, count in counts.items()) or "none"
        console.print(f"{title}: {said}", markup=False)
