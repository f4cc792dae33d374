"""`rapport`: the system as one program. Each command's work is in a module of its own."""

from pathlib import Path
from typing import Annotated

import typer

from services.program import asking, calendars, erasing, filing, tending
from services.program.ewp import ewp
from services.program.extracts import command as extracts
from services.program.output import Exit, console, run, say_json, table
from services.program.places import data_folder, running_now
from services.program.rebuilding import rebuild

__all__ = ["app"]

app = typer.Typer(
    name="rapport",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Rapport runs an office of international cooperation: partners, agreements, visits,"
    " mobility, plans, digests, the annual report. Start with `rapport demo`.",
)
app.registered_commands += asking.app.registered_commands
app.registered_commands += filing.app.registered_commands
app.add_typer(tending.parked, name="parked")
app.add_typer(calendars.app, name="calendar")
app.add_typer(erasing.app, name="erase")
app.add_typer(extracts.app, name="mapping")
app.add_typer(ewp, name="ewp")
app.command(epilog="Example: rapport doctor --json")(tending.doctor)
app.command(epilog="Example: rapport rebuild reporting --compare")(rebuild)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Where records and logs are kept.", show_default=False)
]
PortOption = Annotated[int, typer.Option("--port", min=0, max=65535, help="HTTP port, loopback.")]


@app.command(epilog="Example: rapport up --data ~/rapport --port 8080")
def up(data: DataOption = None, port: PortOption = 8080) -> None:
    """Start everything on this machine: PostgreSQL, Kafka, the five services, one address."""
    from services.program.up import main as start  # servers are imported only where they start

    raise typer.Exit(start(data=data or data_folder(), port=port))


@app.command(epilog="Example: rapport demo --once --out demo-out")
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop when done; 1 if a number differs.")
    ] = False,
    out: Annotated[Path, typer.Option("--out", help="Where reports and mail are written.")] = Path(
        "rapport-demo"
    ),
    data: DataOption = None,
    port: PortOption = 8080,
) -> None:
    """The whole system with a demo office: loads its files, shows its numbers, plan and mail."""
    from services.program.demo import main as show

    raise typer.Exit(show(once=once, out=out, data=data, port=port))


@app.command(epilog="Example: rapport send --check hr-events.ndjson")
def send(
    file: Annotated[Path, typer.Argument(help="NDJSON: one structured CloudEvent a line.")],
    check: Annotated[bool, typer.Option("--check", help="Only check; nothing is sent.")] = False,
    anyway: Annotated[
        bool, typer.Option("--all", help="Send the faulty ones too (they will be parked).")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Upstream events to Kafka, each checked first against its published schema."""
    from services.program import sending  # Kafka's client takes longer to load than most commands

    async def work() -> tuple[list[sending.Checked], int]:
        checked = sending.check_file(file)
        good = [event for event in checked if event.ok or (anyway and event.type)]
        if check or not good or (not anyway and len(good) < len(checked)):
            return checked, 0
        now = running_now()
        kafka, prefix = sending.kafka_of(now), sending.prefix_of(now)
        return checked, await sending.send_events(kafka, good, prefix=prefix)

    checked, sent = run(work())
    faulty = [event for event in checked if not event.ok]
    if as_json:
        say_json({"sent": sent, "events": [event.as_dict() for event in checked]})
    else:
        if faulty:
            rows = [(each.line, each.id, each.path, each.why) for each in faulty]
            table(f"Faulty events of {file.name}", ["line", "id", "where", "why"], rows)
        console.print(f"{file.name}: {len(checked)} events, {sent} sent", markup=False)
        if faulty and not check and not anyway:
            console.print("Nothing was sent. Mend them, or send what is right with --all.")
    if faulty:
        raise typer.Exit(Exit.NO)
