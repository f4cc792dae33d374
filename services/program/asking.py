"""`rapport measure`, `plan`, `report`: numbers, with the records behind them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.markup import escape

from services.program.client import connect
from services.program.output import console, run, say_json, table

__all__ = ["app"]

app = typer.Typer()

UnitOption = Annotated[str, typer.Option("--unit", help="Unit, as in `hust/me`.")]
YearOption = Annotated[str, typer.Option("--year", help="Year, as in 2019, or years: 2018-2019.")]
OnOption = Annotated[
    str | None, typer.Option("--on", help="The day it was so (YYYY-MM-DD); default: its year's end")
]
KnownOption = Annotated[
    str | None, typer.Option("--known", help="By when we knew it (an instant); default: now.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command(
    epilog="Example: rapport measure visits.foreign-visitors --unit hust/me --year 2019 --records"
)
def measure(
    name: Annotated[
        str | None, typer.Argument(help="Its name; without one, all are listed.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Unit, as in `hust/me`.")] = None,
    year: Annotated[str | None, typer.Option("--year", help="2019, or 2018-2019.")] = None,
    on: OnOption = None,
    known: KnownOption = None,
    where: Annotated[
        list[str] | None, typer.Option("--where", help="Narrower: FIELD=VALUE, as kind=exchange.")
    ] = None,
    records: Annotated[bool, typer.Option("--records", help="Show what was counted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """One number: its value, version, definition, and the records behind it."""
    if name is None:
        listed = run(_get("/reporting/measures"))
        if as_json:
            say_json(listed)
        else:
            rows = [(each["name"], each["version"], each["definition"]) for each in listed["items"]]
            table("Measures", ["name", "version", "rule"], rows)
        return
    if unit is None or (year is None and on is None):
        raise typer.BadParameter("a measure needs --unit, and --year or --on")
    narrower = dict(part.split("=", 1) for part in where or () if "=" in part)
    answer = run(
        _get(
            f"/reporting/measures/{name}",
            unit=unit,
            year=year,
            on=on,
            known=known,
            records=str(records or as_json).lower(),
            **narrower,
        )
    )
    if as_json:
        say_json(answer)
        return
    _show_measure(answer, with_records=records)


def _show_measure(answer: dict[str, Any], *, with_records: bool) -> None:
    value = "not measurable" if answer["value"] is None else answer["value"]
    unit_of_value = answer.get("unit_of_value") or ""
    console.print(f"[bold]{escape(str(value))}[/] {escape(unit_of_value)}", highlight=False)
    console.print(
        f"{answer['name']} v{answer['version']}: {answer['definition']}",
        markup=False,
        soft_wrap=True,
    )
    period = answer.get("period") or {}
    when = " to ".join(str(period[end]) for end in ("first", "last") if period.get(end))
    console.print(
        f"unit {answer['unit']}; {when}; on {answer.get('on')}; as known {answer.get('known')}",
        markup=False,
        highlight=False,
    )
    for title in ("groups", "shown"):
        if answer.get(title):
            table(title.capitalize(), ["", ""], answer[title].items())
    if with_records:
        rows = [(each["subject"], each["label"]) for each in answer["records"]]
        table(f"Records ({len(rows)})", ["record", "what"], rows)


@app.command(epilog="Example: rapport plan --unit nist --year 2024 --on 2024-06-30")
def plan(
    unit: UnitOption,
    year: YearOption,
    on: OnOption = None,
    known: KnownOption = None,
    as_json: JsonOption = False,
) -> None:
    """The year's plan: each target's form, number, state and the day it holds for."""
    answer = run(_get("/reporting/plans", unit=unit, year=year, on=on, known=known))
    if as_json:
        say_json(answer)
        return
    rows = [
        (
            target["dimension"],
            target["text"],
            target["form"],
            target.get("target"),
            target.get("number"),
            target["state"],
            target.get("projection"),
            len(target.get("records", ())),
        )
        for target in answer["targets"]
    ]
    title = f"{answer.get('title', 'Plan')} ({unit} {year}), on {answer.get('on')}"
    heads = ["dimension", "target", "form", "aim", "number", "state", "projected", "records"]
    table(title, heads, rows)


@app.command(
    epilog="Example: rapport report --unit icst --year 2024 --format pdf --out icst-2024.pdf"
)
def report(
    unit: UnitOption,
    year: YearOption,
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
    form: Annotated[Literal["html", "pdf", "json"], typer.Option("--format")] = "html",
    on: OnOption = None,
    known: KnownOption = None,
) -> None:
    """The annual report, drafted from the records."""

    async def fetch() -> bytes:
        async with connect() as client:
            query = {"unit": unit, "year": year, "format": form, "on": on, "known": known}
            return await client.get_bytes("/reporting/report", **query)

    with console.status(f"Drafting the report of {unit} for {year} ..."):
        written = run(fetch())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(written)
    console.print(f"{out}: {len(written)} bytes", markup=False)


async def _get(path: str, **query: Any) -> dict[str, Any]:
    async with connect() as client:
        return await client.get(path, **query)
