"""docs/upstream.md keeps its word: every event on it is sent, and becomes what the page says."""

import json
import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from services.mobility.contracts import index, schema
from services.mobility.incoming import UPSTREAM
from services.mobility.settings import Settings
from services.mobility.wiring import build
from services.program.sending import check_file
from shared.envelope import Record, fit, read_event
from shared.errors import Poisoned
from shared.security import Role
from tests.mobility.office import Office
from tests.support.catalogue import ROOT
from tests.support.office import at_hand, clients_of, settings_in
from tests.support.publishing import read_all, until

PAGE = (ROOT / "docs" / "upstream.md").read_text(encoding="utf-8")
_FENCED = re.compile(r"^```([a-z]+)( refused)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """What stands between fences."""

    language: str
    refused: bool
    text: str

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """Of a Kafka record or a request: what stands before the empty line."""
        lines = self.text.partition("\n\n")[0].splitlines()
        pairs = [line.split(": ", 1) for line in lines if ": " in line]
        return [(name, value.encode()) for name, value in pairs]

    @property
    def body(self) -> bytes:
        """What stands behind the empty line."""
        return self.text.partition("\n\n")[2].strip().encode()


BLOCKS = [Block(kind, bool(refused), text) for kind, refused, text in _FENCED.findall(PAGE)]
EVENTS = [b for b in BLOCKS if b.language == "json" and not b.refused]
FAULTY = [b for b in BLOCKS if b.refused]
RECORDS = [b for b in BLOCKS if b.language == "kafka"]
REQUESTS = [b for b in BLOCKS if b.language == "http"]


def of_kafka(headers: list[tuple[str, bytes]], value: bytes) -> Record:
    return Record(
        topic="t",
        partition=0,
        offset=0,
        timestamp=0,
        key=b"k",
        value=value,
        headers=tuple(headers),
    )


def examples() -> Iterator[dict[str, Any]]:
    """Every sound event of the page, in structured mode, in the page's order."""
    for block in BLOCKS:
        if block.refused or block.language in ("python", "sh"):
            continue
        if block.language == "json":
            yield json.loads(block.text)
        elif block.language == "http":
            body = json.loads(block.body)
            yield from body if isinstance(body, list) else [body]
        else:
            event = read_event(of_kafka(block.headers, block.body))
            attributes = {"id": event.id, "source": event.source, "type": event.type}
            assert event.time is not None
            time = {"specversion": "1.0", "time": event.time.isoformat()}
            yield attributes | time | dict(event.extensions) | {"data": event.data}


def test_there_are_examples_of_each_form() -> None:
    assert [len(each) for each in (EVENTS, FAULTY, RECORDS, REQUESTS)] == [4, 2, 2, 2]
    assert {block.language for block in BLOCKS} == {"json", "kafka", "http", "python", "sh"}


@pytest.mark.parametrize("event", list(examples()), ids=lambda event: str(event["id"]))
def test_every_event_of_the_page_fits_its_schema_and_its_model(event: dict[str, Any]) -> None:
    found = schema(event["type"])
    assert found is not None
    Draft202012Validator(found, format_checker=FormatChecker()).validate(event["data"])
    structured = [("content-type", b"application/cloudevents+json")]
    read = read_event(of_kafka(structured, json.dumps(event).encode()))
    fit(UPSTREAM[read.type], read)


def test_the_page_names_every_type_and_no_other() -> None:
    named = set()
    for topic in ("hr", "registrar"):
        table = PAGE.partition(f"| type `upstream.{topic}.….v1` |")[2].partition("\n\n")[0]
        for line in table.splitlines()[2:]:
            words = re.findall(r"`([a-z-]+)`", line.split("|")[1])
            named |= {f"upstream.{topic}.{word}.v1" for word in words}
    assert named == set(index())


def test_a_file_of_the_pages_events_passes_the_check_and_a_faulty_one_is_named(
    tmp_path: Path,
) -> None:
    file = tmp_path / "events.ndjson"
    lines = [json.dumps(each) for each in examples()]
    lines += [json.dumps(json.loads(block.text)) for block in FAULTY]
    file.write_text("\n".join(lines))
    checked = check_file(file)
    assert [each.line for each in checked if not each.ok] == [len(lines) - 1, len(lines)]


@pytest.fixture
async def desk(make_database: Callable[..., Awaitable[str]], tmp_path: Path) -> Any:
    """HR's and the registrar's token, and a coordinator's."""
    given = settings_in(tmp_path, database_url=await make_database("mobility"))
    service = build(Settings.model_validate(given))
    async with at_hand(service), clients_of(service) as clients:
        yield Office(clients(roles=[Role.UPSTREAM, Role.COORDINATOR]))


async def test_what_the_page_sends_becomes_what_the_page_says(desk: Office) -> None:
    for event in examples():
        assert (await desk.send(event))["outcome"] == "accepted", event["id"]
    for event in examples():
        assert (await desk.send(event))["outcome"] == "duplicate", event["id"]
    stays = {stay["person_ref"]: stay for stay in (await desk.get("/stays"))["items"]}
    lecturer, student = stays["hr:7f3a09"], stays["st:20164107"]
    assert lecturer["who"] == "researcher", "the correction counts"
    assert lecturer["actual_from"] is None, "the first day was taken back"
    assert lecturer["status"] != "withdrawn", "the stay itself was not"
    assert (student["actual_until"], student["status"]) == ("2019-08-31", "recognised")
    assert [each["students"] for each in (await desk.get("/headcounts"))["items"]] == [2140]
    assert len((await desk.get("/applications"))["items"]) == 1
    waiting = (await desk.get("/upstream/unresolved"))["items"]
    assert {each["name"] for each in waiting} == {
        "Shibaura Institute of Technology",
        "University of Bolton",
    }


@pytest.mark.parametrize("block", FAULTY, ids=["a-name", "no-time"])
async def test_what_the_page_calls_faulty_is_refused(desk: Office, block: Block) -> None:
    refusal = await desk.send(json.loads(block.text), 422)
    assert refusal["code"] in ("data-invalid", "time-missing")
    assert f"`{refusal['code']}" in PAGE
    assert (await desk.get("/stays"))["items"] == []


async def test_the_requests_of_the_page_are_answered_as_it_says(desk: Office) -> None:
    answers = []
    for block in REQUESTS:
        assert block.text.startswith("POST /mobility/upstream\n")
        headers = [(n, v.decode()) for n, v in block.headers if n != "authorization"]
        answer = await desk.client.post("/mobility/upstream", content=block.body, headers=headers)
        assert answer.status_code == 200, answer.text
        answers.append(answer.json())
    one, batch = answers
    assert (one["id"], one["outcome"]) == ("reg-000304", "accepted")
    assert [each["outcome"] for each in batch["items"]] == ["accepted", "accepted"]


async def test_the_python_of_the_page_sends_an_event_that_can_be_read(
    kafka_servers: str, topics: str
) -> None:
    [block] = [b for b in BLOCKS if b.language == "python"]
    code = block.text.replace("127.0.0.1:9092", kafka_servers)
    code = code.replace('"upstream.registrar",', f'"{topics}upstream.registrar",')
    exec(compile(code, "docs/upstream.md", "exec"), {})  # noqa: S102 - the page's own example
    await until(lambda: len(read_all(kafka_servers, f"{topics}upstream.registrar")), 1)
    [seen] = read_all(kafka_servers, f"{topics}upstream.registrar")
    headers = [(name, value.encode()) for name, value in seen.headers.items()]
    event = read_event(of_kafka(headers, seen.value))
    fit(UPSTREAM[event.type], event)
    assert seen.key == event.data["record"]


@pytest.mark.parametrize(
    ("code", "broken"),
    [
        ("json-invalid", b"{"),
        ("json-not-utf-8", b"\xff"),
        ("record-too-large", b" " * 300_000),
        ("attribute-missing", b'{"specversion": "1.0"}'),
        ("attribute-invalid", b'{"specversion": "1.0", "id": 3}'),
    ],
)
def test_the_codes_of_the_page_are_those_of_the_code(code: str, broken: bytes) -> None:
    with pytest.raises(Poisoned) as poisoned:
        read_event(of_kafka([("content-type", b"application/cloudevents+json")], broken))
    assert poisoned.value.code == code
    assert f"`{code}`" in PAGE
