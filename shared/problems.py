"""How a refusal looks over HTTP: RFC 9457, with a stable code, and what every failure becomes."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.errors import Rejected, Transient

__all__ = ["HANDLERS", "Problem", "problem"]

log = structlog.get_logger()


class Problem(BaseModel):
    """RFC 9457: what was wrong, where, and what to do."""

    type: str = Field(examples=["urn:rapport:refusal:agreement-not-approved"])
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable; switch on this.", examples=["agreement-not-approved"])
    field: str | None = Field(default=None, description="JSON path of what was wrong.")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="Every field that was wrong: {field, why}."
    )


def problem(
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    field: str | None = None,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An RFC 9457 answer."""
    body = Problem(
        type=f"urn:rapport:refusal:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        field=field,
        errors=errors,
    )
    return JSONResponse(
        body.model_dump(exclude_none=True),
        status,
        headers=headers,
        media_type="application/problem+json",
    )


async def _rejected(_request: Request, error: Any) -> Response:
    headers = {"www-authenticate": "Bearer"} if error.status == 401 else {}
    if error.status == 503:
        headers["retry-after"] = "5"
    return problem(
        status=error.status,
        code=error.code,
        title=error.code.replace("-", " ").capitalize(),
        detail=error.message,
        field=error.field,
        headers=headers,
    )


async def _transient(request: Request, error: Exception) -> Response:
    # the route and not the address, which may hold a secret
    route = getattr(request.scope.get("route"), "path", None)
    log.warning("request-must-wait", route=route, why=str(error))
    return problem(
        status=503,
        code="try-again",
        title="Not available right now",
        detail=f"{error}; nothing was changed, send the same request again",
        headers={"retry-after": "2"},
    )


async def _invalid(_request: Request, error: Any) -> Response:
    errors = [
        {"field": ".".join(map(str, each["loc"][1:] or each["loc"])), "why": each["msg"]}
        for each in error.errors()
    ]
    return problem(
        status=422,
        code="invalid-request",
        title="The request cannot be read",
        detail="; ".join(f"{each['field']}: {each['why']}" for each in errors[:5]),
        field=errors[0]["field"] if errors else None,
        errors=errors,
    )


_CODES = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}


async def _http(request: Request, error: Any) -> Response:
    code = _CODES.get(error.status_code, "http-error")
    return problem(
        status=error.status_code,
        code=code,
        title=str(error.detail),
        detail=f"{request.method} {request.url.path}: {error.detail}",
        headers=_allowed(request) if error.status_code == 405 else dict(error.headers or {}),
    )


_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def _allowed(request: Request) -> dict[str, str]:
    """Which methods the address has: of every route, where the router names the first one's."""
    described = request.app.openapi()["paths"].get(request.url.path)
    if described is not None:
        return {"allow": ", ".join(sorted(described)).upper()}
    routes = request.app.router.routes
    scopes = {method: {**request.scope, "method": method} for method in _METHODS}
    allowed = [
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    ]
    return {"allow": ", ".join(allowed)}


async def _bug(request: Request, _error: Exception) -> Response:
    return problem(
        status=500,
        code="internal-error",
        title="This is our mistake",
        detail="nothing was changed; tell the operator the time and this path: " + request.url.path,
    )


HANDLERS: dict[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
    Rejected: _rejected,
    Transient: _transient,
    RequestValidationError: _invalid,
    HTTPException: _http,
    Exception: _bug,
}
