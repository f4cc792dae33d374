"""`rapport parked` and `rapport doctor`: what could not be processed, and what is wrong."""

import asyncio
from typing import Annotated, Any

import typer

from services.program.client import Client, Refused, Unreachable, connect
from services.program.erasing import WITH_NAMES, not_erased_everywhere
from services.program.output import Exit, console, run, say_json, table
from services.program.system import SERVICES

__all__ = ["diagnose", "doctor", "parked"]

parked = typer.Typer(
    no_args_is_help=True, help="What could not be processed, and what to do with it."
)

_MOST = 1000
"""Parked records that are shown, or replayed at a rate, at once."""

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]
ServiceOption = Annotated[str, typer.Option("--service", help="The service that parked it.")]


@parked.command("list", epilog="Example: rapport parked list --reason unknown-type")
def list_parked(
    service: Annotated[str | None, typer.Option("--service", help="Only this service's.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this reason code.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only of this subject.")] = None,
    since: Annotated[str | None, typer.Option(help="Only parked since (an instant).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Every parked record of every service: why, and where in it."""

    async def fetch() -> list[dict[str, Any]]:
        async with connect() as client:
            found = []
            for name in [service] if service else SERVICES:
                answer = await client.get(
                    f"/{name}/parked", reason=reason, subject=subject, since=since, limit=_MOST
                )
                found += [{"service": name, **item} for item in answer["items"]]
            return found

    items = run(fetch())
    if as_json:
        say_json(items)
    elif not items:
        console.print("Nothing is parked.")
    else:
        columns = ["service", "id", "reason", "path", "topic", "subject", "parked_at"]
        table(
            f"Parked ({len(items)})",
            columns,
            [[item.get(column) for column in columns] for item in items],
        )


@parked.command(epilog="Example: rapport parked show 3 --service mobility")
def show(record: int, service: ServiceOption) -> None:
    """One record with its content (personal data may be in it: the look is written down)."""

    async def fetch() -> dict[str, Any]:
        async with connect() as client:
            return await client.get(f"/{service}/parked/{record}")

    say_json(run(fetch()))


@parked.command(epilog="Example: rapport parked replay --service mobility --reason bug --dry-run")
def replay(
    service: ServiceOption,
    record: Annotated[int | None, typer.Option("--id", help="Only this record.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only of this subject.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only with this reason code.")] = None,
    since: Annotated[str | None, typer.Option(help="Only parked since (an instant).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.01, help="At most so many subjects a second.")
    ] = None,
) -> None:
    """Apply parked records again, in order, after what was wrong has been mended."""
    wanted = {"id": record, "subject": subject, "reason": reason, "since": since}
    conditions = {name: value for name, value in wanted.items() if value is not None}
    say_json(run(_replay(service, conditions, dry_run=dry_run, rate=rate)))


async def _replay(
    service: str, conditions: dict[str, Any], *, dry_run: bool, rate: float | None
) -> dict[str, Any]:
    """At a rate, one subject after the other, so that no request takes long."""
    path = f"/{service}/parked/replay"
    async with connect() as client:
        if rate is None or "id" in conditions:
            return await client.post(path, conditions | {"dry_run": dry_run})
        found = await client.get(f"/{service}/parked", limit=_MOST, **conditions)
        firsts: dict[tuple[Any, ...], int] = {}
        for item in found["items"]:
            name = (item["consumer"], item["subject"]) if item["subject"] else (item["id"],)
            firsts.setdefault(name, item["id"])
        records: list[dict[str, Any]] = []
        for first in firsts.values():
            answer = await client.post(path, {"id": first, "dry_run": dry_run})
            records += answer["records"]
            await asyncio.sleep(1 / rate)
        return {"count": len(records), "records": records}


@parked.command(epilog='Example: rapport parked discard 3 --service mobility --reason "test event"')
def discard(
    record: int,
    service: ServiceOption,
    reason: Annotated[str, typer.Option(help="Why: it goes to the audit trail.")],
) -> None:
    """Give a record up; what waits behind it can then be replayed."""
    say_json(run(_post(f"/{service}/parked/discard", {"id": record, "reason": reason})))


async def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with connect() as client:
        return await client.post(path, body)


def doctor(as_json: JsonOption = False) -> None:
    """What is up, how far behind each consumer is, what is parked, what to do about it."""

    async def look() -> list[dict[str, Any]]:
        async with connect() as client:
            return await diagnose(client)

    found = run(look())
    if as_json:
        say_json(found)
    else:
        columns = ["service", "state", "unpublished", "behind", "held", "parked", "do"]
        table("Rapport", columns, [[each.get(column) for column in columns] for each in found])
    if any(each["do"] for each in found):
        raise typer.Exit(Exit.NO)


async def diagnose(client: Client) -> list[dict[str, Any]]:
    """One line a service; `do` says what its operator should do, "" if nothing."""
    found = [await _diagnose(client, name) for name in SERVICES]
    try:
        missed = await not_erased_everywhere(client)
    except (Refused, Unreachable):
        return found  # a service that is down says so above
    for each in found if missed else ():
        if each["service"] in WITH_NAMES:
            each["do"] = each["do"] or f"rapport erase again: {missed} refs, after a restore"
    return found


async def _diagnose(client: Client, name: str) -> dict[str, Any]:
    try:
        status = await client.get(f"/{name}/status")
    except (Refused, Unreachable) as error:
        return {"service": name, "state": "down", "do": f"see its log: {error}"}
    consumers = status["consumers"]
    sums = {
        "behind": sum(each.get("lag") or 0 for each in consumers),
        "held": sum(each.get("held") or 0 for each in consumers),
        "parked": max((each.get("parked") or 0 for each in consumers), default=0),
    }
    return {
        "service": name,
        "state": "closed" if status["closed"] else "waiting" if status["waiting_for"] else "up",
        "unpublished": status["unpublished"],
        **sums,
        "do": _advice(name, status, sums),
    }


def _advice(name: str, status: dict[str, Any], sums: dict[str, int]) -> str:
    if status["closed"]:
        return f"{status['closed']}; once reconciled: POST /{name}/reopen"
    if status["waiting_for"]:
        return "; ".join(status["waiting_for"])
    if sums["parked"]:
        return f"rapport parked list --service {name}"
    return ""
