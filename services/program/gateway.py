"""One origin for all services: `/agreements/...` goes to the process that serves agreements."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from types import FrameType

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
START_PAGE = "/reporting/"

Headers = list[tuple[bytes, bytes]]
Ports = Callable[[], Mapping[str, int]]
"""Service -> the port it listens on now; it changes when a service is started again."""


def create_gateway(ports: Ports, *, client: httpx.AsyncClient | None = None) -> Starlette:
    """The application. It opens nothing until its lifespan begins."""
    client = client or httpx.AsyncClient(
        timeout=httpx.Timeout(120.0, connect=3.0),
        limits=httpx.Limits(max_connections=400, keepalive_expiry=3.0),
        trust_env=False,  # the services are on this machine: no proxy of the environment
    )

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with client:
            yield

    async def start_page(_request: Request) -> Response:
        return RedirectResponse(START_PAGE)

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(_request: Request) -> Response:
        services = await readiness(client, ports())
        waiting = any(services.values())
        status = "waiting" if waiting else "ready"
        return JSONResponse({"status": status, "for": services}, 503 if waiting else 200)

    async def forward(request: Request) -> Response:
        return await _forward(client, ports(), request)

    routes = [
        Route("/", start_page),
        Route("/live", live),
        Route("/ready", ready),
        Route("/{service}", forward, methods=METHODS),
        Route("/{service}/{path:path}", forward, methods=METHODS),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def readiness(client: httpx.AsyncClient, ports: Mapping[str, int]) -> dict[str, list[str]]:
    """Service -> what it waits for, as its `/ready` says; [] for one that is ready."""

    async def of(name: str, port: int) -> list[str]:
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/ready", timeout=5.0)
            reasons = answer.json().get("for", [])
        except (httpx.TransportError, ValueError):
            return [f"{name} does not answer yet"]
        if answer.status_code == 200:
            return []
        return [str(reason) for reason in reasons] or [f"{name} is not ready"]

    answers = await asyncio.gather(*(of(name, port) for name, port in ports.items()))
    return dict(zip(ports, answers, strict=True))


async def _forward(
    client: httpx.AsyncClient, ports: Mapping[str, int], request: Request
) -> Response:
    service = request.path_params["service"]
    port = ports.get(service)
    if port is None:
        known = ", ".join(f"/{name}" for name in sorted(ports))
        return _problem(404, "not-found", "No such service", f"There is {known or 'nothing yet'}.")
    outgoing = client.build_request(
        request.method,
        httpx.URL(scheme="http", host="127.0.0.1", port=port, raw_path=_raw_path(request)),
        headers=_request_headers(request),
        content=request.stream() if _has_body(request) else None,
    )
    try:
        answer = await client.send(outgoing, stream=True)
    except httpx.ConnectError:
        return _problem(
            503,
            "service-starting",
            "The service is starting",
            f"{service} is not listening yet, or is being started again. Try again in a moment.",
            retry_after=1,
        )
    except httpx.TimeoutException:
        return _problem(504, "service-slow", "No answer in time", f"{service} did not answer.")
    except httpx.TransportError:
        return _problem(
            502,
            "service-gone",
            "The service went away",
            f"{service} ended while it worked on this request. Whether it took effect is not known:"
            " repeat it with the same Idempotency-Key.",
        )
    response = StreamingResponse(
        _body(answer),
        status_code=answer.status_code,
        background=BackgroundTask(answer.aclose),
    )
    response.raw_headers = _end_to_end(answer.headers.raw)
    return response


async def _body(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()  # also when the caller has gone


def _raw_path(request: Request) -> bytes:
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + b"?" + query if query else path


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _request_headers(request: Request) -> Headers:
    headers = [
        (name, value)
        for name, value in _end_to_end(request.headers.raw)
        if not name.startswith(b"x-forwarded-")
    ]
    if request.client is not None:
        headers.append((b"x-forwarded-for", request.client.host.encode()))
    headers.append((b"x-forwarded-proto", request.url.scheme.encode()))
    headers.append((b"x-forwarded-host", request.headers.get("host", "").encode()))
    return headers


def _end_to_end(headers: Headers) -> Headers:
    """Without those that are about one connection, which `Connection` may name more of."""
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    return [
        (name.lower(), value)
        for name, value in headers
        if name.lower() not in HOP_BY_HOP and name.lower() not in named
    ]


def _problem(
    status: int, code: str, title: str, detail: str, *, retry_after: int | None = None
) -> Response:
    body = {
        "type": f"urn:rapport:refusal:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    headers = {"retry-after": str(retry_after)} if retry_after is not None else None
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


class GatewayServer(uvicorn.Server):
    """uvicorn in this process, which has its own idea of signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Signals are the program's."""


@contextlib.asynccontextmanager
async def serving(listener: socket.socket, ports: Ports) -> AsyncIterator[None]:
    """The gateway answers on `listener` for as long as the block runs."""
    config = uvicorn.Config(
        create_gateway(ports),
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    server = GatewayServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="gateway")
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task
