"""What must come out of the demo: each line is asked of the running system and compared."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from services.program.client import Client
from services.program.system import SERVICES

__all__ = ["Expectations", "Outcome"]

_MAIL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the table: what was published, what was asked, what came out."""

    seed: str
    says: str
    asked: str
    found: str
    holds: bool


Asked = tuple[str, str, bool]
"""What was asked, what was found, whether it is what was published."""

Line = Mapping[str, Any]


class Expectations:
    """Asks a running system for the lines of an `expected.yaml`."""

    def __init__(self, client: Client, mailbox: Path) -> None:
        self._client = client
        self._mailbox = mailbox
        self._ask = {
            "measure": self._measure,
            "plan": self._plan,
            "report": self._report,
            "mail": self._mail,
            "parked": self._parked,
        }

    async def check(self, lines: Sequence[Line]) -> list[Outcome]:
        """In the order of the lines. Raises Refused, Unreachable."""
        outcomes = []
        for line in lines:
            kind = next(kind for kind in self._ask if kind in line)
            asked, found, holds = await self._ask[kind](line)
            outcomes.append(Outcome(str(line["seed"]), str(line["says"]), asked, found, holds))
        return outcomes

    async def _measure(self, line: Line) -> Asked:
        query = {name: str(value) for name, value in line["query"].items()}
        path = f"/reporting/measures/{line['measure']}"
        answer = await self._client.get(path, **query, records="true")
        value, groups = answer["value"], answer.get("groups") or {}
        wanted_groups: Mapping[str, Any] = line.get("groups", {})
        holds = _compare(value, line) and all(
            str(groups.get(name)) == str(wanted) for name, wanted in wanted_groups.items()
        )
        found = f"{value} ({len(answer['records'])} records)"
        if wanted_groups:
            found += "; " + ", ".join(f"{name}: {groups.get(name)}" for name in wanted_groups)
        narrower = " ".join(f"{name}={each}" for name, each in query.items())
        return f"{line['measure']} {narrower}", found, holds

    async def _plan(self, line: Line) -> Asked:
        answer = await self._client.get("/reporting/plans", **line["query"])
        states = {target["id"]: target["state"] for target in answer["targets"]}
        wanted: Mapping[str, str] = line["states"]
        wrong = [
            f"{target} is {states.get(target, 'missing')}, not {state}"
            for target, state in wanted.items()
            if states.get(target) != state
        ]
        each = ", ".join(sorted(set(states.values())))
        found = "; ".join(wrong) or f"{len(states)} targets: {each}"
        return f"plan {line['plan']} on {line['query'].get('on')}", found, not wrong

    async def _report(self, line: Line) -> Asked:
        """Every phrase stands in the text, in the order given."""
        answer = await self._client.get("/reporting/report", **line["query"], format="json")
        text = " ".join(" ".join(_texts(answer)).split())
        at, missing = 0, []
        for phrase in line["phrases"]:
            found_at = text.find(phrase, at)
            if found_at < 0:
                missing.append(phrase)
            else:
                at = found_at
        said = f"{len(line['phrases'])} phrases in order"
        found = f"without {missing[0]!r}" if missing else said
        return f"report {line['report']}", found, not missing

    async def _mail(self, line: Line) -> Asked:
        """One mail of the folder holds every phrase; its scheduler may take a moment."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _MAIL_SECONDS
        while True:
            for name, to, text in await asyncio.to_thread(_mails, self._mailbox):
                if line["mail"] in to and all(phrase in text for phrase in line["phrases"]):
                    return f"mail to {line['mail']}", name, True
            if loop.time() > deadline:
                return f"mail to {line['mail']}", "no such mail", False
            await asyncio.sleep(0.3)

    async def _parked(self, line: Line) -> Asked:
        answers = [await self._client.get(f"/{name}/parked") for name in SERVICES]
        reasons = sorted(item["reason"] for answer in answers for item in answer["items"])
        return "parked", ", ".join(reasons) or "nothing", reasons == sorted(line["parked"])


def _compare(value: Any, line: Line) -> bool:
    if value is None:
        return False
    if "over" in line:
        return float(value) > float(line["over"])
    return float(value) == float(line["is"])


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [text for each in value for text in _texts(each)] if isinstance(value, list) else []


def _mails(folder: Path) -> list[tuple[str, str, str]]:
    """File name, addressee and text of every mail in the folder, white space folded."""
    found = []
    for path in sorted(folder.rglob("*.eml")):
        message = BytesParser(policy=policy.default).parsebytes(path.read_bytes())
        part = message.get_body(("plain",))
        text = f"{message['subject']} {part.get_content() if part else ''}"
        found.append((path.name, str(message["to"]), " ".join(text.split())))
    return found
