"""The process tree of `rapport up`: what is started, in which order, with which environment."""

import asyncio
import json
import os
import pkgutil
import secrets
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from aiokafka.errors import KafkaConnectionError
from cryptography.fernet import Fernet
from pydantic import AwareDatetime, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.console import Console

import services
from services.program.files import SOURCE_TREE, deploy_file
from services.program.forker import Forker
from services.program.gateway import readiness
from services.program.supervisor import Part
from services.program.topics import create_topics
from shared.clock import Clock
from shared.embedded import (
    Addresses,
    Child,
    Command,
    EmbeddedServers,
    StartFailed,
    ended_well,
    free_ports,
)
from shared.security import Role, Tokens
from shared.settings import KafkaSettings

TOKEN_SECONDS = 30 * 24 * 3600
READY_SECONDS = 120.0
DRAIN_SECONDS = 15.0
FORKS = sys.platform == "linux"
"""Elsewhere a fork without exec is not safe: there each service imports for itself."""


class Refused(RuntimeError):
    """The program does not start; the text says why and what to do."""


class UpSettings(BaseSettings):
    """What `up` reads from the environment; it passes the rest on to the services.

    `database_url` is a server here: each service gets a database of its own on it.
    """

    model_config = SettingsConfigDict(
        env_prefix="RAPPORT_", extra="ignore", hide_input_in_errors=True
    )

    database_url: SecretStr | None = None
    database_prefix: str = "rapport_"
    kafka_servers: str | None = None
    kafka_replication: int | None = None
    topic_prefix: str = ""
    token_key: SecretStr | None = None
    parking_key: SecretStr | None = None
    personal_key: SecretStr | None = None
    reference: Path | None = None
    now: AwareDatetime | None = None
    now_set_at: float | None = None

    @classmethod
    def read(cls) -> "UpSettings":
        """Raises Refused, which names the variable but not its value."""
        try:
            return cls()
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = "_".join(str(part) for part in first["loc"]).upper()
            raise Refused(f"The setting RAPPORT_{name} cannot be used: {first['msg']}.") from None


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What a person asks for; `port` 0 takes any free one. `environment` is for the services."""

    data: Path
    port: int = 8080
    host: str = "127.0.0.1"
    reference: Path | None = None
    now: datetime | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def service_names() -> list[str]:
    """The services: packages below `services` that can be run. None is imported for it."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(services.__path__)
        if module.ispkg
        and module.name != "program"
        and any((Path(path) / module.name / "__main__.py").exists() for path in services.__path__)
    )


class ProcessTree:
    """The steps of `running`, and what they share."""

    def __init__(
        self,
        *,
        options: UpOptions,
        settings: UpSettings,
        data: Path,
        lock: int,
        console: Console,
        url: str,
    ) -> None:
        self.settings = settings
        self.data = data
        self.lock = lock
        self.console = console
        self.url = url
        self.extra = options.environment
        self.now = options.now or settings.now
        self.now_set_at = settings.now_set_at or time.time()
        self.reference = options.reference or settings.reference or deploy_file("units.yaml")
        self.keys = _keys(data / "keys.json", settings)
        self.names = service_names()
        self.ports: dict[str, int] = {}
        self.parts: dict[str, Part] = {}
        self.forker = Forker(
            Command(
                name="the forking process",
                arguments=[],
                log=data / "logs" / "forker.log",
                env=_python_environment(),
                inherit=[lock],
            )
        )
        self.servers = EmbeddedServers(
            data,
            lock=lock,
            postgres_dsn=_secret(settings.database_url),
            kafka_servers=settings.kafka_servers,
            console=console,
        )

    def tell(self, text: str) -> None:
        self.console.print(text, style="yellow", markup=False, highlight=False)

    async def start_servers(self) -> Addresses:
        if FORKS:
            await self.forker.start()  # it imports while the servers start
        addresses = await self.servers.start()
        for server, name in ((self.servers.postgres, "PostgreSQL"), (self.servers.kafka, "Kafka")):
            if server is not None:
                self.parts[name] = Part(name, server.run, tell=self.tell)
                await self.parts[name].start(server.child)
        return addresses

    async def stop_servers(self) -> None:
        for name, how in (("Kafka", signal.SIGTERM), ("PostgreSQL", signal.SIGINT)):
            if name in self.parts:
                await self.parts[name].stop(how, within=20.0)
        await self.servers.stop()
        await self.forker.stop()

    async def prepare(self, addresses: Addresses) -> None:
        """Topics, databases and their tables: made where they are missing."""
        copies = self.settings.kafka_replication
        prefix = self.settings.topic_prefix
        given = self.settings.kafka_servers is not None  # then the log-in of our environment counts
        kafka = KafkaSettings().kafka if given else addresses.kafka_servers

        async def topics() -> None:
            await create_topics(kafka, prefix=prefix, copies=copies)

        async def databases() -> None:
            await self._create_databases(addresses.postgres_dsn)

        await asyncio.gather(
            self._once_reached("Kafka", topics), self._once_reached("PostgreSQL", databases)
        )
        await self._migrate(addresses.postgres_dsn)

    async def _create_databases(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            rows = await connection.fetch("select datname from pg_database")
            there = {row["datname"] for row in rows}
            for name in self.names:
                database = self.settings.database_prefix + name
                if database not in there:
                    await connection.execute(f'create database "{database}"')
        finally:
            await connection.close()

    async def _once_reached(
        self, what: str, work: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        """Do it; where a server of somebody else is away, wait for it and say so."""
        told = False
        while True:
            try:
                await work()
            except (OSError, TimeoutError, KafkaConnectionError, asyncpg.CannotConnectNowError):
                if not told:
                    self.tell(f"waiting for {what}, which does not answer yet")
                    told = True
                await asyncio.sleep(1.0)
            else:
                return

    def _database_url(self, dsn: str, name: str) -> str:
        return urlsplit(dsn)._replace(path=f"/{self.settings.database_prefix}{name}").geturl()

    async def start_services(self, addresses: Addresses) -> None:
        self.ports.update(zip(self.names, free_ports(len(self.names)), strict=True))
        for name in self.names:

            async def start(name: str = name) -> Child:
                if self.parts[name].ends:  # another may have taken the port meanwhile
                    (self.ports[name],) = free_ports(1)
                environment = {**_python_environment(), **self.settings_of(name, addresses)}
                return await self._python(name, f"services.{name}", environment, "run")

            self.parts[name] = Part(name, start, tell=self.tell)
        await asyncio.gather(*(self.parts[name].start() for name in self.names))

    async def _migrate(self, dsn: str) -> None:
        databases = {name: self._database_url(dsn, name) for name in self.names}
        environment = {**_python_environment(), "RAPPORT_MIGRATE": json.dumps(databases)}
        await ended_well(await self._python("migrating", "services.program.migrating", environment))

    async def _python(
        self, name: str, module: str, environment: Mapping[str, str], *arguments: str
    ) -> Child:
        """`python -m module arguments`, as a child."""
        command = Command(
            name=name,
            arguments=[module, *arguments],
            log=self.data / "logs" / f"{name}.log",
            env=environment,
            inherit=[self.lock],
            guardian=True,  # a service may have workers
        )
        if FORKS:
            return await self.forker.fork(command)
        # -P: what lies in the current folder is not imported by chance
        python = [sys.executable, "-P", "-m", *command.arguments]
        return await Child.start(replace(command, arguments=python))

    async def stop_services(self) -> None:
        for part in self.parts.values():
            part.leave()
        parts = [self.parts[name] for name in self.names if name in self.parts]
        await asyncio.gather(*(part.stop(within=DRAIN_SECONDS) for part in parts))

    def settings_of(self, name: str, addresses: Addresses) -> dict[str, str]:
        """What a process of this service reads from its environment."""
        return {
            "PYTHONPATH": _python_path(),
            "RAPPORT_DATABASE_URL": self._database_url(addresses.postgres_dsn, name),
            "RAPPORT_KAFKA_SERVERS": addresses.kafka_servers,
            "RAPPORT_TOPIC_PREFIX": self.settings.topic_prefix,
            "RAPPORT_HTTP_HOST": "127.0.0.1",
            "RAPPORT_HTTP_PORT": str(self.ports[name]),
            "RAPPORT_TOKEN_KEY": self.keys["token_key"],
            "RAPPORT_PARKING_KEY": self.keys["parking_key"],
            "RAPPORT_PERSONAL_KEY": self.keys["personal_key"],
            "RAPPORT_REFERENCE": str(self.reference.resolve()),
            "RAPPORT_PUBLIC_URL": self.url,
            "RAPPORT_LOG_FORMAT": "json",
            **self._clock_environment(),
            **self._mail_environment(),
            **self.extra,
        }

    def _clock_environment(self) -> dict[str, str]:
        if self.now is None:
            return {}
        return {
            "RAPPORT_NOW": self.now.isoformat(),
            "RAPPORT_NOW_SET_AT": repr(self.now_set_at),
        }

    def _mail_environment(self) -> dict[str, str]:
        """Without a mail server, mail is written into a folder."""
        given = {**os.environ, **self.extra}
        if "NOTIFY_SMTP_URL" in given or "NOTIFY_MAILBOX" in given:
            return {}
        return {"NOTIFY_MAILBOX": str(self.data / "mail")}

    def token(self) -> str:
        tokens = Tokens(self.keys["token_key"], Clock(self.now, self.now_set_at))
        return tokens.issue(
            subject="rapport-up", roles=list(Role), units=["*"], seconds=TOKEN_SECONDS
        )

    async def wait_until_ready(self) -> None:
        """Raises StartFailed for a service that keeps ending, Refused if one is never ready."""
        until = time.monotonic() + READY_SECONDS
        async with httpx.AsyncClient(trust_env=False) as client:
            while any(waiting := await readiness(client, self.ports)) and any(waiting.values()):
                for part in (self.parts[name] for name in self.names):
                    if part.ends >= 3 and part.child is not None:
                        raise StartFailed(part.child, "ended three times before it was ready")
                if time.monotonic() > until:
                    reasons = "; ".join(reason for why in waiting.values() for reason in why)
                    raise Refused(
                        f"Not ready after {READY_SECONDS:.0f} s: {reasons}. "
                        f"The logs are in {self.data / 'logs'}."
                    )
                await asyncio.sleep(0.1)


def _python_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": _python_path(), "PYTHONUNBUFFERED": "1"}


def _python_path() -> str:
    return os.pathsep.join(filter(None, (str(SOURCE_TREE), os.environ.get("PYTHONPATH"))))


def _keys(path: Path, settings: UpSettings) -> dict[str, str]:
    """Keys of this data folder, made once: what is parked or personal has to stay readable."""
    keys: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "token_key": secrets.token_urlsafe(48),
        "parking_key": Fernet.generate_key().decode(),
        "personal_key": Fernet.generate_key().decode(),
    }
    if made.keys() - keys.keys():
        keys = made | keys
        write_private(path, keys)
    given = {
        "token_key": settings.token_key,
        "parking_key": settings.parking_key,
        "personal_key": settings.personal_key,
    }
    return keys | {name: key.get_secret_value() for name, key in given.items() if key}


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    new.touch(mode=0o600)
    new.write_text(json.dumps(content, indent=2) + "\n")
    new.replace(path)
