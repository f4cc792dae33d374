"""HTTP, alike in every service: who may call, problem+json, and "once" for every POST.

A handler parses, calls one use case and answers:

    @router.post("/{agreement}/signatures", status_code=201, response_model=AgreementView)
    async def sign(agreement: str, body: Signing, call: Writes) -> Response:
        return await call.once(lambda tx: usecases.sign_agreement(tx, ...))

`call.once` commits before it answers, so that 2xx means accepted. With `?dry_run=true` it rolls
back instead: the answer is what would have been.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Generic, Protocol, TypeVar

import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from starlette.convertors import Convertor, register_url_convertor

from shared.database import Database, Transaction
from shared.describing import App
from shared.errors import Rejected
from shared.expecting import Expectation, etag, expectation, knows
from shared.failpoints import failpoint
from shared.identity import new_id
from shared.limits import Limits, refuse_unkeepable_text
from shared.observing import work_for
from shared.problems import HANDLERS, Problem
from shared.reference import Reference
from shared.security import Principal, Role, Tokens
from shared.sheets.exporting import Exports
from shared.sheets.layout import layouts_of

__all__ = [
    "Call",
    "Context",
    "Operates",
    "Page",
    "Reads",
    "Sends",
    "Writes",
    "create_app",
]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_DRY = {"rapport-dry-run": "true"}
COOKIE = "rapport_token"
"""How the web page carries the token."""
_BEARER = HTTPBearer(auto_error=False, scheme_name="token", description="`rapport up` prints one.")


class _Id(Convertor[str]):
    """`{calendar:id}` in a path: only what an id looks like, so that `x.ics` is another address."""

    regex = "[a-z0-9-]{1,100}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _Id())


class Readiness(Protocol):
    """What can say why the process is not ready yet."""

    def not_ready(self) -> list[str]:
        """Sentences for the operator; [] when ready."""


@dataclass(slots=True)
class Context:
    """What handlers need of the process they run in; `parts` holds the service's own."""

    service: str
    database: Database
    tokens: Tokens
    reference: Reference
    readiness: Readiness
    parts: dict[str, Any] = field(default_factory=dict)


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null on the last."""

    items: list[T]
    next: str | None = None


class Unchanged(Exception):
    """Whoever asks has this version of the record already."""

    def __init__(self, version: int) -> None:
        super().__init__(version)
        self.version = version


async def _unchanged(_request: Request, unchanged: Any) -> Response:
    return Response(status_code=304, headers={"etag": etag(unchanged.version)})


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request: who makes it, and how its use case is run."""

    context: Context
    request: Request
    response: Response
    """Its headers are those of what a handler returns as a model."""
    principal: Principal
    correlation_id: str
    idempotency_key: str | None
    dry_run: bool = False

    @property
    def reference(self) -> Reference:
        return self.context.reference

    def allow(self, unit: str) -> None:
        """Raises Rejected("unit-not-allowed", 403) unless the caller's units cover `unit`."""
        if not self.principal.covers(unit):
            raise Rejected(
                "unit-not-allowed",
                f"your token does not cover the unit {unit!r}",
                field="unit",
                status=403,
            )

    async def read(self, query: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run a query in a read-only transaction. One record is answered with its ETag, or with
        304 where the caller has that version (If-None-Match)."""
        async with self.context.database.read() as tx:
            result = await query(tx)
        version = getattr(result, "version", None)
        if version is not None:
            if knows(self.request.headers.get("if-none-match"), version):
                raise Unchanged(version)
            self.response.headers["etag"] = etag(version)
        return result

    async def once(
        self,
        use_case: Callable[[Transaction], Awaitable[M]],
        *,
        status: int = 200,
        status_of: Callable[[M], int] | None = None,
        location: Callable[[M], str] | None = None,
        body_digest: str | None = None,
    ) -> Response:
        """Run a use case in one transaction, commit, answer with what it returned.

        With an Idempotency-Key the answer is kept in that same transaction: the same request
        again gets the same answer and does nothing; another request under the same key is
        refused (`idempotency-key-reused`, 422). With If-Match, or `If-None-Match: *`, the record
        that the request names must be what the caller expects (`version-differs`, 412).
        `body_digest` stands for a body that the handler has read as a stream.
        """
        digest = await self._digest(body_digest)
        trace = self.request.headers.get("traceparent")
        with work_for(correlation=self.correlation_id, received=trace):
            return await self._once(use_case, digest, status_of or (lambda _: status), location)

    async def _once(
        self,
        use_case: Callable[[Transaction], Awaitable[M]],
        digest: bytes,
        status_of: Callable[[M], int],
        location: Callable[[M], str] | None,
    ) -> Response:
        expected = self._expectation()
        async with self.context.database.begin(
            actor=self.principal.subject,
            correlation_id=self.correlation_id,
            expectation=expected,
        ) as tx:
            if self.idempotency_key is not None and not self.dry_run:
                earlier = await self._claim(tx, digest)
                if earlier is not None:
                    return earlier
                failpoint("http.claimed", OSError)
            result = await use_case(tx)
            if expected is not None:
                expected.must_have_been_compared()
            body = result.model_dump_json().encode()
            if self.dry_run:
                await tx.connection.rollback()
                return Response(body, headers=_DRY, media_type="application/json")
            code = status_of(result)
            headers = {"location": location(result)} if location else {}
            version = getattr(result, "version", None)
            if version is not None:
                headers["etag"] = etag(version)
            if self.idempotency_key is not None:
                await self._keep(tx, code, body, headers)
        return Response(body, code, headers, media_type="application/json")

    def _expectation(self) -> Expectation | None:
        return expectation(
            self.request.scope["path"],
            self.request.query_params.values(),
            if_match=self.request.headers.get("if-match"),
            if_none_match=self.request.headers.get("if-none-match"),
        )

    async def _digest(self, body_digest: str | None) -> bytes:
        path = f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n"
        body = await self.request.body() if body_digest is None else body_digest.encode()
        return hashlib.sha256(path.encode() + body).digest()

    async def _claim(self, tx: Transaction, digest: bytes) -> Response | None:
        """Take the key, waiting for whoever is working under it; or what they answered."""
        mine = {
            "principal": self.principal.subject,
            "key": self.idempotency_key,
            "digest": digest,
            "now": tx.now,
        }
        taken = await tx.connection.execute(
            text(
                "insert into idempotency (principal, key, request_digest, created_at)"
                " values (:principal, :key, :digest, :now) on conflict do nothing"
            ),
            mine,
        )
        if taken.rowcount == 1:
            return None
        row = (
            await tx.connection.execute(
                text(
                    "select request_digest, status, body, headers from idempotency"
                    " where principal = :principal and key = :key"
                ),
                mine,
            )
        ).one()
        if bytes(row.request_digest) != digest:
            raise Rejected(
                "idempotency-key-reused",
                "this Idempotency-Key was used for another request; make a new one",
                field="Idempotency-Key",
                status=422,
            )
        headers = row.headers | {"idempotency-replayed": "true"}
        return Response(bytes(row.body), row.status, headers, media_type="application/json")

    async def _keep(
        self, tx: Transaction, status: int, body: bytes, headers: dict[str, str]
    ) -> None:
        await tx.connection.execute(
            text(
                "update idempotency set status = :status, body = :body,"
                " headers = cast(:headers as jsonb) where principal = :principal and key = :key"
            ),
            {
                "status": status,
                "body": body,
                "headers": json.dumps(headers),
                "principal": self.principal.subject,
                "key": self.idempotency_key,
            },
        )


def _allowing(*roles: Role) -> Callable[..., Awaitable[Call]]:
    async def call(
        request: Request,
        response: Response,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)],
        idempotency_key: Annotated[
            str | None, Header(pattern=r"^[!-~]{1,200}$", include_in_schema=False)
        ] = None,
        x_correlation_id: Annotated[
            str | None, Header(pattern=r"^[A-Za-z0-9._:-]{1,100}$", include_in_schema=False)
        ] = None,
    ) -> Call:
        context: Context = request.app.state.context
        principal = context.tokens.verify(_token(request, bearer))
        if not principal.has(roles):
            needed = " or ".join(roles)
            raise Rejected("role-not-allowed", f"this needs the role {needed}", status=403)
        correlation_id = x_correlation_id or new_id("call")
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id)
        _refuse_unknown_parameters(request)
        await refuse_unkeepable_text(request)
        return Call(context, request, response, principal, correlation_id, idempotency_key)

    return call


def _trying(allowing: Callable[..., Awaitable[Call]]) -> Callable[..., Awaitable[Call]]:
    async def call(
        call: Annotated[Call, Depends(allowing)],
        dry_run: Annotated[
            bool, Query(description="Answer what would become of it, and change nothing.")
        ] = False,
    ) -> Call:
        return replace(call, dry_run=dry_run)

    return call


Reads = Annotated[Call, Depends(_allowing(Role.READER, Role.COORDINATOR, Role.OPERATOR))]
Writes = Annotated[Call, Depends(_trying(_allowing(Role.COORDINATOR)))]
Operates = Annotated[Call, Depends(_allowing(Role.OPERATOR))]
Sends = Annotated[Call, Depends(_allowing(Role.UPSTREAM, Role.COORDINATOR))]


def _refuse_unknown_parameters(request: Request) -> None:
    """Raises Rejected("parameter-unknown", 422): a filter that is misspelt must not be passed over.

    A route that takes any says so in its description, as a parameter that is an object.
    """
    route = request.scope["route"]
    if any(each["in"] == "query" for each in (route.openapi_extra or {}).get("parameters", ())):
        return
    parts = (route.dependant, *route.dependant.dependencies)
    known = {each.alias for part in parts for each in part.query_params}
    unknown = sorted(request.query_params.keys() - known)
    if unknown:
        raise Rejected(
            "parameter-unknown",
            f"there is no such parameter here; known are: {', '.join(sorted(known)) or 'none'}",
            field=unknown[0],
            status=422,
        )


def _token(request: Request, bearer: HTTPAuthorizationCredentials | None) -> str:
    """The bearer token, or the page's cookie (sent only by same-site requests)."""
    if bearer is not None:
        return bearer.credentials.strip()
    cookie = request.cookies.get(COOKIE)
    if cookie is not None:
        return cookie
    raise Rejected(
        "token-missing", "send `Authorization: Bearer <token>`; `rapport up` prints one", status=401
    )


def create_app(
    *,
    context: Context,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    lifespan: Any = None,
) -> FastAPI:
    """The FastAPI application of one service, everything below `/<service>`."""
    prefix = f"/{context.service}"
    app = App(
        title=title,
        description=description,
        version="1",
        openapi_url=f"{prefix}/openapi.json",
        docs_url=f"{prefix}/docs",
        redoc_url=None,
        lifespan=lifespan,
        responses={
            "4XX": {"model": Problem, "description": "Refused; nothing was changed."},
            "503": {"model": Problem, "description": "Try again after Retry-After seconds."},
        },
        separate_input_output_schemas=False,
    )
    app.state.context = context
    app.add_middleware(Limits)
    app.add_middleware(Exports, layouts=layouts_of(context.service))
    for failure, handler in HANDLERS.items():
        app.add_exception_handler(failure, handler)
    app.add_exception_handler(Unchanged, _unchanged)
    app.include_router(_health(context))
    for router in routers:
        app.include_router(router, prefix=prefix)
    return app


def _health(context: Context) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/ready")
    async def ready(response: Response) -> dict[str, Any]:
        waiting = context.readiness.not_ready()
        response.status_code = 503 if waiting else 200
        return {"status": "waiting" if waiting else "ready", "for": waiting}

    @router.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
