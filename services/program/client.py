"""The HTTP client behind every command that asks a running Rapport something."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.program.places import run_file, running_now

__all__ = ["Answer", "Client", "Refused", "Unreachable", "connect"]

_PATIENCE_SECONDS = 30.0
"""How long a request that met a restarting service is repeated."""


class Unreachable(Exception):
    """No Rapport answers; the message says where it was looked for and what to do."""


class Refused(Exception):
    """Rapport said no, with a stable code and, where it knows it, the field."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", f"http-{status}"))
        self.detail = str(problem.get("detail", ""))
        self.field = problem.get("field")
        self.errors: list[dict[str, str]] = problem.get("errors") or []
        super().__init__(f"{self.code}: {self.detail}")


Answer = dict[str, Any]


class Client:
    """Speaks to one Rapport; every request is safe to repeat and is repeated while it must wait."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def get(self, path: str, **query: Any) -> Answer:
        """Raises Refused, Unreachable."""
        response = await self._send("GET", path, params=_given(query))
        answer: Answer = response.json()
        return answer

    async def get_bytes(self, path: str, **query: Any) -> bytes:
        """The raw body: a report, a page. Raises Refused, Unreachable."""
        return (await self._send("GET", path, params=_given(query))).content

    async def stream(self, path: str, **query: Any) -> AsyncIterator[bytes]:
        """A long body, as it comes. Raises Refused, Unreachable."""
        request = self._http.build_request("GET", path, params=_given(query))
        try:
            response = await self._http.send(request, stream=True)
            try:
                if not response.is_success:
                    await response.aread()
                _unless_refused(response)
                async for chunk in response.aiter_bytes():
                    yield chunk
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            raise Unreachable(f"{self._http.base_url} broke off: {error}") from error

    async def put(self, path: str, body: Any, **query: Any) -> Answer:
        """Raises Refused, Unreachable."""
        answer: Answer = (
            await self._send("PUT", path, params=_given(query), content=_json(body))
        ).json()
        return answer

    async def delete(self, path: str) -> Answer:
        """Raises Refused, Unreachable."""
        answer: Answer = (await self._send("DELETE", path)).json()
        return answer

    async def post(self, path: str, body: Any, **query: Any) -> Answer:
        """With an Idempotency-Key, so that repeating it does it once. Raises as `put`."""
        headers = {"Idempotency-Key": os.urandom(16).hex()}
        answer: Answer = (
            await self._send(
                "POST", path, params=_given(query), content=_json(body), headers=headers
            )
        ).json()
        return answer

    async def post_bytes(
        self, path: str, content: bytes, *, content_type: str, **query: Any
    ) -> Answer:
        """A file as it is; otherwise as `post`."""
        headers = {"Idempotency-Key": os.urandom(16).hex(), "Content-Type": content_type}
        sent = await self._send(
            "POST", path, params=_given(query), content=content, headers=headers
        )
        answer: Answer = sent.json()
        return answer

    async def hand_in(self, events: Sequence[Mapping[str, Any]]) -> Answer:
        """Upstream events as one batch; each has its effect once. Raises as `put`."""
        headers = {"Content-Type": "application/cloudevents-batch+json"}
        sent = await self._send(
            "POST", "/mobility/upstream", content=_json(list(events)), headers=headers
        )
        answer: Answer = sent.json()
        return answer

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _PATIENCE_SECONDS
        wait = 0.1
        given = {"Content-Type": "application/json"} | dict(headers or {})
        while True:
            try:
                response = await self._http.request(method, path, headers=given, **options)
            except httpx.TransportError as error:
                if isinstance(error, httpx.ConnectError) or loop.time() > deadline:
                    raise Unreachable(
                        f"{self._http.base_url} does not answer: {error}."
                        " Is `rapport up` running? RAPPORT_URL says where to look."
                    ) from error
            else:
                if response.status_code not in (502, 503) or loop.time() > deadline:
                    return _unless_refused(response)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2.0)


@asynccontextmanager
async def connect(url: str | None = None, token: str | None = None) -> AsyncIterator[Client]:
    """A client of RAPPORT_URL with RAPPORT_TOKEN, or of the `rapport up` of this machine.

    Raises Unreachable where neither is known.
    """
    url = url or os.environ.get("RAPPORT_URL")
    token = token or os.environ.get("RAPPORT_TOKEN")
    if not (url and token):
        running = running_now()
        url = url or running.get("url")
        token = token or running.get("token")
    if not url:
        raise Unreachable(
            f"No Rapport is known: {run_file()} does not exist."
            " Start `rapport up`, or set RAPPORT_URL and RAPPORT_TOKEN."
        )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = httpx.Timeout(60.0, connect=5.0)
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(
        base_url=url, headers=headers, timeout=timeout, limits=limits, trust_env=False
    ) as http:
        yield Client(http)


def _unless_refused(response: httpx.Response) -> httpx.Response:
    if response.is_success:
        return response
    try:
        problem = response.json()
    except json.JSONDecodeError:
        problem = {"detail": response.text[:500]}
    raise Refused(response.status_code, problem if isinstance(problem, dict) else {})


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def _json(body: Any) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
