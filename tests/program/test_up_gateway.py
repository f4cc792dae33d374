"""One origin in front of all services: nothing is lost on the way, and what is away is named."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.program.gateway import GatewayServer, serving
from services.program.up import listen
from shared.embedded import free_ports


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.url.query,
            "headers": [[name.decode(), value.decode()] for name, value in request.headers.raw],
            "body": body.decode(),
        },
        headers={"x-own": "kept", "connection": "x-secret", "x-secret": "of one connection"},
    )


async def two_cookies(_request: Request) -> Response:
    response = Response("ok")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


async def slow_stream(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.sleep(0.3)
        yield b"second"

    return StreamingResponse(chunks())


async def refused(_request: Request) -> Response:
    return JSONResponse({"code": "no"}, 409, media_type="application/problem+json")


async def ready(_request: Request) -> Response:
    return JSONResponse({"status": "waiting", "for": ["Kafka does not answer"]}, 503)


UPSTREAM = Starlette(
    routes=[
        Route("/ready", ready),
        Route("/visits/cookies", two_cookies),
        Route("/visits/stream", slow_stream),
        Route("/visits/refused", refused, methods=["POST"]),
        Route("/visits/{path:path}", echo, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
)


@contextlib.asynccontextmanager
async def upstream() -> AsyncIterator[int]:
    with listen("127.0.0.1", 0) as listener:
        server = GatewayServer(uvicorn.Config(UPSTREAM, log_config=None, access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def gateway(ports: Callable[[], dict[str, int]]) -> AsyncIterator[httpx.AsyncClient]:
    with listen("127.0.0.1", 0) as listener:
        async with serving(listener, ports):
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                yield client


@pytest.fixture(scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with upstream() as port, gateway(lambda: {"visits": port}) as client:
        yield client


async def test_a_request_arrives_as_it_was_sent(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/visits/a%2Fb/ü?unit=hust%2Fme&x=1",
        content="{}",
        headers={"authorization": "Bearer t", "idempotency-key": "k", "keep-alive": "3"},
    )
    arrived = answer.json()
    headers = dict(arrived["headers"])
    assert answer.status_code == 200
    assert arrived["method"] == "POST"
    assert arrived["path"] == "/visits/a%2Fb/%C3%BC"
    assert arrived["query"] == "unit=hust%2Fme&x=1"
    assert arrived["body"] == "{}"
    assert headers["authorization"] == "Bearer t"
    assert headers["idempotency-key"] == "k"
    assert headers["content-length"] == "2"
    assert headers["x-forwarded-host"] == headers["host"] == client.base_url.netloc.decode()
    assert "keep-alive" not in headers


async def test_what_is_said_of_one_connection_stays_there(client: httpx.AsyncClient) -> None:
    answer = await client.get("/visits/x", headers={"x-forwarded-for": "6.6.6.6"})
    assert answer.headers["x-own"] == "kept"
    assert "x-secret" not in answer.headers
    assert ["x-forwarded-for", "127.0.0.1"] in answer.json()["headers"]
    assert ["x-forwarded-for", "6.6.6.6"] not in answer.json()["headers"]


async def test_a_body_without_a_length_arrives_whole(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"0123456789"

    answer = await client.put("/visits/x", content=chunks())
    assert answer.json()["body"] == "0123456789" * 50


async def test_an_answer_streams(client: httpx.AsyncClient) -> None:
    times = []
    async with client.stream("GET", "/visits/stream") as answer:
        async for chunk in answer.aiter_raw():
            times.append((asyncio.get_running_loop().time(), chunk))
    assert [chunk for _, chunk in times] == [b"first", b"second"]
    assert times[1][0] - times[0][0] > 0.2


async def test_both_cookies_and_a_refusal_come_back_unchanged(client: httpx.AsyncClient) -> None:
    cookies = (await client.get("/visits/cookies")).headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["one", "two"]
    answer = await client.post("/visits/refused")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"code": "no"}


async def test_the_root_leads_to_the_dashboard(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/reporting/"


async def test_an_unknown_service_is_refused_with_those_that_there_are(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not-found"
    assert "/visits" in answer.json()["detail"]


async def test_readiness_says_what_each_service_waits_for(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["for"] == {"visits": ["Kafka does not answer"]}
    assert (await client.get("/live")).status_code == 200


async def test_a_service_that_is_being_started_again_is_named_and_then_back() -> None:
    ports = {"visits": free_ports(1)[0]}
    async with gateway(lambda: ports) as client:
        answer = await client.get("/visits/x")
        assert answer.status_code == 503
        assert answer.json()["code"] == "service-starting"
        assert answer.headers["retry-after"] == "1"
        async with upstream() as port:
            ports["visits"] = port
            assert (await client.get("/visits/x")).status_code == 200


async def test_a_service_that_ends_while_it_works_leaves_the_effect_open() -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _reader.readuntil(b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, gateway(lambda: {"visits": port}) as client:
        answer = await client.post("/visits/x", json={})
        assert answer.status_code == 502
        assert answer.json()["code"] == "service-gone"
        assert "Idempotency-Key" in answer.json()["detail"]


def test_a_port_that_is_taken_is_refused_with_how_to_choose_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with (
            pytest.raises(RuntimeError, match=rf"Port {port} .*--port {port + 1}"),
            listen("127.0.0.1", port),
        ):
            pytest.fail("two listen on one port")
