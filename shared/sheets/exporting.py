"""Every list as a spreadsheet: the list itself, page after page, written otherwise.

`GET <a list>?format=csv` or `xlsx`, with the list's own filters. The service is asked for its pages
as anyone asks, so what may be seen, and what a filter means, is decided in one place.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import problem
from shared.sheets.layout import Layout
from shared.sheets.naming import LANGUAGES, Language
from shared.sheets.writing import MEDIA, Format, writer

__all__ = ["Exports", "describe_exports"]

T = TypeVar("T", bound=str)

_PAGE = 500
_OURS = ("format", "language", "limit", "after")


class Exports:
    """Answers a list in the format that is asked for; passes everything else on."""

    def __init__(self, app: ASGIApp, layouts: Mapping[str, Layout]) -> None:
        self._app = app
        self._by_path = {each.listed: each for each in layouts.values() if each.listed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        layout = self._by_path.get(scope.get("path", "")) if scope["type"] == "http" else None
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        asked = dict(query)
        if layout is None or scope["method"] != "GET" or "format" not in asked:
            await self._app(scope, receive, send)
            return
        if asked["format"] == "json":
            rest = [each for each in query if each[0] not in ("format", "language")]
            await self._app(_with(scope, rest), receive, send)
            return
        form = _chosen(asked["format"], tuple(MEDIA))
        language = _chosen(asked.get("language", "en"), LANGUAGES)
        if form is None:
            await _unknown("format", ("json", *MEDIA))(scope, receive, send)
        elif language is None:
            await _unknown("language", LANGUAGES)(scope, receive, send)
        else:
            filters = [each for each in query if each[0] not in _OURS]
            await _Export(self._app, _with(scope, filters), layout, language).answer(form, send)


def _chosen(word: str, words: tuple[T, ...]) -> T | None:
    return next((each for each in words if each == word), None)


def _unknown(name: str, known: Sequence[str]) -> ASGIApp:
    return problem(
        status=422,
        code="invalid-request",
        title="The request cannot be read",
        detail=f"{name}: expected one of {', '.join(known)}",
        field=name,
    )


class _Export:
    def __init__(self, app: ASGIApp, scope: Scope, layout: Layout, language: Language) -> None:
        self._app = app
        self._scope = scope
        self._layout = layout
        self._language: Language = language

    async def answer(self, form: Format, send: Send) -> None:
        first = await self._page(None)
        if first.status != 200:
            await send(first.start)
            await send({"type": "http.response.body", "body": first.body})
            return
        name = f"{self._layout.name}.{form}"
        headers = MutableHeaders(
            {
                "content-type": MEDIA[form],
                "content-disposition": f'attachment; filename="{name}"',
                "cache-control": "no-store",
            }
        )
        await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
        async for chunk in self._written(form, first):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _written(self, form: Format, first: "_Answer") -> AsyncIterator[bytes]:
        with tempfile.TemporaryDirectory(prefix="rapport-export-") as folder:
            title = self._layout.title[self._language]
            rows = writer(form, folder=Path(folder), title=title)
            yield rows.add([self._layout.heading(self._language)])
            page: _Answer | None = first
            while page is not None:
                content = json.loads(page.body)
                yield await asyncio.to_thread(rows.add, self._rows(content["items"]))
                page = await self._page(content["next"]) if content["next"] else None
                if page is not None and page.status != 200:
                    raise RuntimeError(f"an export broke off: {page.status}")  # the caller sees it
            left = iter(rows.end())
            while chunk := await asyncio.to_thread(next, left, b""):
                yield chunk

    def _rows(self, items: list[dict[str, Any]]) -> Iterator[list[str]]:
        for item in items:
            # a record that the office gave no id of its own is told again by ours
            yield self._layout.row(item | {"ref": item.get("ref") or item["id"]})

    async def _page(self, after: str | None) -> "_Answer":
        filters = parse_qsl(self._scope["query_string"].decode("latin-1"), keep_blank_values=True)
        query = [*filters, ("limit", str(_PAGE)), *([("after", after)] if after else [])]
        answer = _Answer()
        await self._app(_with(self._scope, query), _nothing, answer.take)
        return answer


class _Answer:
    """What the application says."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body = b""

    @property
    def status(self) -> int:
        return int(self.start["status"])

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body += message.get("body", b"")


async def _nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


def _with(scope: Scope, query: list[tuple[str, str]]) -> Scope:
    """The same request with another query, as JSON: a list that is answered anew each time."""
    conditional = (b"if-none-match", b"accept", b"accept-encoding")
    headers = [each for each in scope["headers"] if each[0] not in conditional]
    return {**scope, "query_string": urlencode(query).encode(), "headers": headers}


def describe_exports(schema: dict[str, Any], layouts: Mapping[str, Layout]) -> None:
    """Say in an OpenAPI document which lists can be had as a spreadsheet."""
    for layout in layouts.values():
        operation = schema["paths"].get(layout.listed, {}).get("get")
        if operation is None:
            continue
        whole = "The whole list as a spreadsheet, which can be imported again; else a page of JSON"
        operation.setdefault("parameters", []).extend(
            [
                _parameter("format", ["json", *get_args(Format)], whole),
                _parameter("language", list(LANGUAGES), "Of a spreadsheet's columns"),
            ]
        )
        for media in MEDIA.values():
            content = operation["responses"]["200"]["content"]
            content[media.partition(";")[0]] = {"schema": {"type": "string"}}


def _parameter(name: str, words: list[str], why: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": why,
        "schema": {"type": "string", "enum": words},
    }
