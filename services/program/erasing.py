"""`rapport erase`: a person is forgotten by every service that knew a name, with evidence.

Counts stay as they are: records keep the ref, which stands for nobody from then on. A back-up that
is restored brings the names back; `rapport erase again` takes the lists of all services together,
and the evidence that was kept in files, and erases again.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from services.program.client import Client, connect
from services.program.output import console, fail, run, say_json, table

__all__ = ["WITH_NAMES", "app", "erase_everywhere", "not_erased_everywhere"]

WITH_NAMES = ("mobility", "reporting", "visits")
"""The services that know names of persons."""

app = typer.Typer(no_args_is_help=True, help="Erase persons: names go, counts stay.")

JsonOption = Annotated[bool, typer.Option("--json", help="JSON on standard output.")]


@app.command(epilog='Example: rapport erase person st:20164107 hr:7f3a09 --why "request of 3 May"')
def person(
    refs: Annotated[list[str], typer.Argument(help="All refs under which the person is known.")],
    why: Annotated[str, typer.Option(help="Goes to the audit trail; no name.")] = "",
    evidence: Annotated[
        Path | None, typer.Option(help="A file that the evidence is added to, kept off the system.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Delete what is known of one person, in every service, for ever."""

    async def work() -> list[dict[str, Any]]:
        async with connect() as client:
            return await erase_everywhere(client, refs, why=why)

    _show(run(work()), evidence, as_json=as_json)


@app.command(epilog="Example: rapport erase again --evidence erased.ndjson")
def again(
    evidence: Annotated[
        Path | None, typer.Option(help="What `rapport erase person --evidence` wrote.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """After a back-up was restored: erase everyone again who was erased before, anywhere."""

    async def work() -> list[dict[str, Any]]:
        async with connect() as client:
            lists = (await _erased(client)).values()
            refs = set().union(*lists) | _refs_in(evidence)
            return await erase_everywhere(client, refs, why="erased before a restore")

    _show(run(work()), None, as_json=as_json)


async def erase_everywhere(
    client: Client, refs: Iterable[str], *, why: str
) -> list[dict[str, Any]]:
    """What each service did, in its own words. Raises Refused, Unreachable; again is harmless."""
    wanted = sorted(set(refs))
    done = []
    for start in range(0, len(wanted), 1000):
        body = {"refs": wanted[start : start + 1000], "why": why}
        for name in WITH_NAMES:
            answer = await client.post(f"/{name}/persons/erasures", body)
            done.append({"service": name} | answer)
    return done


async def not_erased_everywhere(client: Client) -> int:
    """How many refs are erased in one service and not in another: one of them was restored."""
    lists = list((await _erased(client)).values())
    return len(set().union(*lists)) - len(set.intersection(*lists))


async def _erased(client: Client) -> dict[str, set[str]]:
    found = {}
    for name in WITH_NAMES:
        answer = await client.get(f"/{name}/persons/erasures")
        found[name] = {each["ref"] for each in answer["items"]}
    return found


def _refs_in(evidence: Path | None) -> set[str]:
    if evidence is None:
        return set()
    try:
        lines = [json.loads(line) for line in evidence.read_text().splitlines() if line.strip()]
        return {str(ref) for line in lines for ref in line["refs"]}
    except (ValueError, KeyError, TypeError) as error:
        fail(f"{evidence} is not what `rapport erase person --evidence` wrote: {error}")


def _show(done: list[dict[str, Any]], evidence: Path | None, *, as_json: bool) -> None:
    if evidence is not None:
        with evidence.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(each) + "\n" for each in done)
    if as_json:
        say_json(done)
    elif not done:
        console.print("Nobody was ever erased.")
    else:
        rows = [(each["service"], each["erased"], each["at"]) for each in done]
        table(f"Erased: {len(done[0]['refs'])} refs", ["service", "rows deleted", "at"], rows)
