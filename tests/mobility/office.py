"""What a coordinator and the upstream systems do over HTTP."""

import itertools
from typing import Any

import httpx

from services.mobility.contracts import EXAMPLES

_numbers = itertools.count(1)


class Office:
    """A client that expects what it is told to expect."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, expected: int = 200, /, **query: Any) -> Any:
        answer = await self.client.get(f"/mobility{path}", params=query)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def post(self, path: str, expected: int = 200, /, **body: Any) -> Any:
        answer = await self.client.post(f"/mobility{path}", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def put(self, path: str, expected: int = 200, /, **body: Any) -> Any:
        answer = await self.client.put(f"/mobility{path}", json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def record(self, register: str, ref: str, expected: int = 200, /, **body: Any) -> Any:
        return await self.put(f"/records/{register}/{ref}", expected, **body)

    async def send(self, event: dict[str, Any], expected: int = 200) -> Any:
        """An upstream event in structured mode."""
        answer = await self.client.post(
            "/mobility/upstream",
            json=event,
            headers={"content-type": "application/cloudevents+json"},
        )
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def history(self, subject: str) -> list[str]:
        """The facts of a subject, without service and version."""
        items = (await self.get(f"/history/{subject}"))["items"]
        return [item["type"].split(".")[2] for item in items]


def an_event(kind: str, *, without: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """The example of `registrar.student-departed`, under a new id, with other data.

    `_replaces`, `_withdrawn`, `_id`, `_time`, `_source` change its attributes.
    """
    example = EXAMPLES[f"upstream.{kind}.v1"]
    attributes = {name[1:]: changes.pop(name) for name in list(changes) if name.startswith("_")}
    data = {name: value for name, value in example["data"].items() if name not in without}
    return example | {"id": f"e-{next(_numbers)}", "data": data | changes} | attributes
