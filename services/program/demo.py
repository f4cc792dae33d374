"""`rapport demo`: the whole system with the offices of `deploy/demo/`; do their numbers come out?

The files are loaded as an office would load them, by the steps of `deploy/demo/steps.yaml`,
through the same calls that a person's commands make. Then every line of `deploy/demo/expected.yaml`
is asked of the running system.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.progress import Progress

from services.program import sending
from services.program.client import Client, Refused, Unreachable, connect
from services.program.expectations import Expectations, Outcome
from services.program.files import deploy_file, read_yaml
from services.program.importing import import_file
from services.program.output import Exit, console, fail, stderr, table
from services.program.system import SERVICES
from services.program.up import UpOptions, running, show, until_stopped
from shared.cluster import Kafka

__all__ = ["DemoBroken", "Loader", "main"]

NOW = datetime.fromisoformat("2025-11-17T08:00:00+07:00")
"""Where the demo's clocks start: the Monday after the seminar."""
_SETTLE_SECONDS = 120.0

Step = Mapping[str, Any]


class DemoBroken(RuntimeError):
    """The demo office did not load as it must; the message says which file, and how."""


def main(*, once: bool, out: Path, data: Path | None, port: int) -> int:
    """`rapport demo`; the exit code: 0, or 1 with `--once` if a number differs."""
    mailbox = (out / "mail").resolve()
    mailbox.mkdir(parents=True, exist_ok=True)
    try:
        if data is not None:
            return until_stopped(_demo(once=once, out=out, mailbox=mailbox, data=data, port=port))
        with tempfile.TemporaryDirectory(prefix="rapport-demo-") as fresh:
            work = _demo(once=once, out=out, mailbox=mailbox, data=Path(fresh), port=port)
            return until_stopped(work)
    except (DemoBroken, Refused, Unreachable) as error:
        fail(str(error), Exit.NO)


async def _demo(*, once: bool, out: Path, mailbox: Path, data: Path, port: int) -> int:
    folder = deploy_file("demo")
    options = UpOptions(
        data=data,
        port=port,
        reference=folder / "units.yaml",
        now=NOW,
        environment={"NOTIFY_MAILBOX": str(mailbox)},
    )
    async with running(options) as run, connect(run.url, run.token) as client:
        console.print(f"Rapport is up ({run.seconds:.1f} s). Loading the demo offices:")
        kafka = sending.kafka_of({"kafka_servers": run.addresses.kafka_servers})
        await Loader(client, kafka, folder).load()
        lines = read_yaml(folder / "expected.yaml")
        outcomes = await Expectations(client, mailbox).check(lines)
        await _write_reports(client, read_yaml(folder / "reports.yaml"), out)
        _show(outcomes)
        console.print(f"Reports and mail are in {out}", markup=False, soft_wrap=True)
        if once:
            return Exit.OK if all(outcome.holds for outcome in outcomes) else Exit.NO
        show(run)
        console.print(f"  Open {run.url}/reporting/sign-in?token={run.token}", soft_wrap=True)
        await asyncio.Event().wait()
    return Exit.OK


class Loader:
    """Does the steps of a `steps.yaml`, in their order."""

    def __init__(
        self, client: Client, kafka: str | Kafka, folder: Path, *, prefix: str = ""
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._kafka = kafka
        self._folder = folder
        self._do = {
            "import": self._import,
            "send": self._send,
            "put": self._put,
            "post": self._post,
            "wait": self._wait,
        }

    async def load(self) -> None:
        """Raises DemoBroken where other rows or events are refused than the step says."""
        steps: Sequence[Step] = read_yaml(self._folder / "steps.yaml")
        with Progress(console=stderr, transient=True) as progress:
            task = progress.add_task("loading", total=len(steps))
            for step in steps:
                kind = next(iter(step))
                progress.update(task, description=f"{kind} {step.get('file', step[kind])}")
                await self._do[kind](step)
                progress.advance(task)

    async def _import(self, step: Step) -> None:
        file = self._folder / str(step["file"])
        verdicts = await import_file(self._client, str(step["import"]), file)
        refused = [verdict for verdict in verdicts if verdict.outcome == "refused"]
        said = [f"row {each.row}, {each.field}: {each.why}" for each in refused]
        if [verdict.ref for verdict in refused] != list(step.get("refused", [])):
            raise DemoBroken(f"{file.name}: refused other rows than was meant: {said or 'none'}")
        outcomes = Counter(verdict.outcome for verdict in verdicts)
        counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
        console.print(f"  {step['file']}: {counts}", markup=False)
        for line in said:
            console.print(f"    refused, as it must be: {line}", markup=False, soft_wrap=True)

    async def _send(self, step: Step) -> None:
        """All events, the faulty ones too: an upstream system does not check first."""
        events = sending.check_file(self._folder / str(step["send"]))
        faulty = [event.id for event in events if not event.ok]
        if faulty != list(step.get("faulty", [])):
            raise DemoBroken(f"{step['send']}: other events are faulty than was meant: {faulty}")
        sent = await sending.send_events(self._kafka, events, prefix=self._prefix)
        console.print(
            f"  {step['send']}: {sent} events, {len(faulty)} of them faulty", markup=False
        )

    async def _put(self, step: Step) -> None:
        """One document, or each of a list under its `ref`."""
        content = read_yaml(self._folder / str(step["file"]))
        if isinstance(content, list):
            for item in content:
                ref = item.pop("ref")
                await self._client.put(f"{step['put']}/{ref}", item)
        else:
            await self._client.put(str(step["put"]), content, **step.get("query", {}))
        console.print(f"  {step['file']}", markup=False)

    async def _post(self, step: Step) -> None:
        """What is recorded about a plan's targets: approvals, notes, baselines."""
        plan = await self._client.get("/reporting/plans", **step["plan"])
        for body in step["bodies"]:
            await self._client.post(f"/reporting/plans/{plan['id']}/{step['post']}", body)

    async def _wait(self, _step: Step) -> None:
        """Until every fact has arrived everywhere: nothing unpublished, nobody behind, twice."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _SETTLE_SECONDS
        before: list[int] | None = None
        while True:
            statuses = [await self._client.get(f"/{name}/status") for name in SERVICES]
            waiting = [open_ for status in statuses for open_ in _open(status)]
            journals = [status["journal"] for status in statuses]
            if not waiting and journals == before:
                return
            before = None if waiting else journals
            if loop.time() > deadline:
                raise DemoBroken(f"not everything arrived everywhere: {'; '.join(waiting)}")
            await asyncio.sleep(0.2)


def _open(status: Mapping[str, Any]) -> list[str]:
    """What a service still has to do, in words."""
    service = status["service"]
    found = [f"{service}: {status['unpublished']} unpublished"] if status["unpublished"] else []
    for consumer in status["consumers"]:
        for what in ("lag", "held"):
            if consumer.get(what):
                found.append(f"{service}: {what} {consumer[what]} on {consumer['topic']}")
    return found


async def _write_reports(client: Client, wanted: Sequence[Mapping[str, str]], out: Path) -> None:
    for each in wanted:
        for form in ("html", "pdf", "json"):
            written = await client.get_bytes("/reporting/report", **each, format=form)
            name = f"{each['unit'].replace('/', '-')}-{each['year']}.{form}"
            await asyncio.to_thread((out / name).write_bytes, written)


def _show(outcomes: Sequence[Outcome]) -> None:
    rows = [
        (each.seed, each.says, each.asked, each.found, "yes" if each.holds else "NO")
        for each in outcomes
    ]
    heads = ["seed", "says", "asked", "found", "holds"]
    table("What was published, and what the records say", heads, rows)
