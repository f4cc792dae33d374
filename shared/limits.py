"""What a request may hold: not too many bytes, and no text that PostgreSQL cannot keep."""

import json
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import Rejected
from shared.problems import problem

__all__ = ["MAX_BODY_BYTES", "Limits", "refuse_unkeepable_text", "takes"]

E = TypeVar("E", bound=Callable[..., Any])

MAX_BODY_BYTES = 1024 * 1024
"""Larger request bodies are refused before they are read."""

_LARGER: dict[object, int] = {}
"""What some routes take instead, by their functions."""
_SUSPECT = (b"\\u", b"\0", b"\xed")
"""Without one of these bytes a JSON text, in any encoding, holds no NUL and no lone surrogate."""


def takes(max_bytes: int) -> Callable[[E], E]:
    """Above a route's function: its body may have so many bytes."""

    def marked(endpoint: E) -> E:
        _LARGER[endpoint] = max_bytes
        return endpoint

    return marked


class Limits:
    """Refuses a body over MAX_BODY_BYTES (or over what its route `takes`), by its announced length
    or as soon as it passes it, and an address with a NUL in it: no name has one, and PostgreSQL
    takes none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"\0" in unquote_to_bytes(scope["query_string"]):
            answer = problem(
                status=422,
                code="value-unstorable",
                title="Value unstorable",
                detail="the address holds a NUL (%00)",
            )
            await answer(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        expected = int(announced[:19]) if announced.isdigit() else 0
        seen = 0

        async def counted() -> Message:
            """Called where a body is read: by then it is known which route answers."""
            nonlocal seen
            most = _LARGER.get(scope.get("endpoint"), MAX_BODY_BYTES)
            if expected > most:
                raise _too_large(most)
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)


def _too_large(most: int) -> HTTPException:
    """The one exception that FastAPI lets through while it reads a body."""
    return HTTPException(413, f"this request may have {most} bytes; send less at once")


async def refuse_unkeepable_text(request: Request) -> None:
    """Raises Rejected("value-unstorable", 422) naming the field whose text holds a NUL or half of a
    surrogate pair, where the route takes a JSON body that FastAPI has parsed."""
    if getattr(request.scope.get("route"), "body_field", None) is None:
        return
    body = await request.body()
    if not any(sign in body for sign in _SUSPECT):
        return
    try:
        value = json.loads(body)
    except ValueError:
        return  # it was no JSON, and so was not read as JSON
    for path, text in _texts(value):
        if "\0" in text or not _is_unicode(text):
            raise Rejected(
                "value-unstorable",
                "the text holds a NUL or half of a surrogate pair, which cannot be kept",
                field=".".join(path) if all(map(_is_unicode, path)) else None,
                status=422,
            )


def _texts(value: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every string and key with its path, without recursion."""
    stack: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, dict):
            for key, child in item.items():
                yield path, key
                stack.append(((*path, key), child))
        elif isinstance(item, list):
            stack.extend(((*path, str(index)), child) for index, child in enumerate(item))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
