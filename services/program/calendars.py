"""`rapport calendar`: addresses that calendar programs subscribe to, and files for one visit."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.program.client import Client, connect
from services.program.output import console, fail, run, say_json, table

__all__ = ["app", "every_calendar"]

app = typer.Typer(no_args_is_help=True, help="Visits in calendars: addresses to subscribe to.")

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command(epilog="Example: rapport calendar make --unit hust/me")
def make(
    unit: Annotated[str | None, typer.Option(help="A unit with its parts.")] = None,
    person: Annotated[
        str | None, typer.Option(help="A person_ref: visits that the person takes part in.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make an address. Whoever has it reads the calendar; it is told only now."""
    if (unit is None) == (person is None):
        fail("say either --unit or --person")
    body = {"unit": unit} if person is None else {"person_ref": person}

    async def work() -> dict[str, Any]:
        async with connect() as client:
            return await client.post("/visits/calendars", body)

    made = run(work())
    if as_json:
        say_json(made)
        return
    console.print(made["url"], markup=False, highlight=False, soft_wrap=True)
    console.print(f"Revoke it with: rapport calendar revoke {made['id']}", markup=False)


@app.command("list", epilog="Example: rapport calendar list --json")
def list_(as_json: JsonOption = False) -> None:
    """Every calendar that was made, without its address."""

    async def work() -> list[dict[str, Any]]:
        async with connect() as client:
            return await every_calendar(client)

    found = run(work())
    if as_json:
        say_json(found)
        return
    rows = [
        (each["id"], each["unit"] or each["person_ref"], each["made_by"], each["revoked_at"])
        for each in found
    ]
    table("Calendars", ["calendar", "of", "made by", "revoked"], rows)


@app.command(epilog="Example: rapport calendar revoke calendar-01k9zq5v4t2m8r6w0x3y7a1b2c")
def revoke(calendar: Annotated[str, typer.Argument(help="As `list` names it.")]) -> None:
    """Let an address lead nowhere from now on."""

    async def work() -> dict[str, Any]:
        async with connect() as client:
            return await client.delete(f"/visits/calendars/{calendar}")

    revoked = run(work())
    console.print(f"{revoked['id']}: revoked at {revoked['revoked_at']}", markup=False)


@app.command(epilog="Example: rapport calendar visit visit-01k9zq... --out visit.ics")
def visit(
    visit: Annotated[str, typer.Argument(help="The id of a visit.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
) -> None:
    """One visit with its programme and legs, as a file that calendar programs open."""

    async def work() -> bytes:
        async with connect() as client:
            return await client.get_bytes(f"/visits/{visit}/calendar.ics")

    content = run(work())
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)
    console.print(f"{out}: {len(content)} bytes", markup=False)


async def every_calendar(client: Client) -> list[dict[str, Any]]:
    """All pages of the list."""
    found: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await client.get("/visits/calendars", after=after, limit=500)
        found += page["items"]
        after = page["next"]
        if after is None:
            return found
