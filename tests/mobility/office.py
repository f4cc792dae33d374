"""What a coordinator and the upstream systems do over HTTP."""

import itertools
from typing import Any

from services.mobility.contracts import EXAMPLES
from tests.support.office import Office as Client
from tests.support.office import understood

_numbers = itertools.count(1)


class Office(Client):
    """A coordinator at the HTTP interface of the service, and the systems upstream of it."""

    path = "/mobility"

    async def record(self, register: str, ref: str, expected: int = 200, /, **body: Any) -> Any:
        return await self.put(f"/records/{register}/{ref}", expected, **body)

    async def send(self, event: dict[str, Any], expected: int = 200) -> Any:
        """An upstream event in structured mode."""
        answer = await self.client.post(
            "/mobility/upstream",
            json=event,
            headers={"content-type": "application/cloudevents+json"},
        )
        return understood(answer, expected)


def an_event(kind: str, *, without: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """The example of `registrar.student-departed`, under a new id, with other data.

    `_replaces`, `_withdrawn`, `_id`, `_time`, `_source` change its attributes.
    """
    example = EXAMPLES[f"upstream.{kind}.v1"]
    attributes = {name[1:]: changes.pop(name) for name in list(changes) if name.startswith("_")}
    data = {name: value for name, value in example["data"].items() if name not in without}
    return example | {"id": f"e-{next(_numbers)}", "data": data | changes} | attributes
