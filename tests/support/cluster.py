"""Three brokers as production has them: replicated, with log-ins and rights, on the loopback.

Apache Kafka of the embedded server's own jars, on the same Java runtime. Whoever comes logs in by
SCRAM-SHA-512; what a user was not granted is refused; two copies of three must be in sync.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from shared.cluster import Kafka
from shared.embedded import Child, Command, free_ports
from shared.embedded.children import run_to_end
from shared.embedded.jars import class_path
from shared.embedded.kafka import JAVA_OPTIONS, cluster_id, java_program
from tests.support.publishing import librdkafka

BROKERS: Final = 3
ADMIN: Final = "broker"
"""The brokers' own user, who may do anything."""

_PROPERTIES: Final = """\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=SASL_PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=SASL_PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=SASL_PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=SASL_PLAINTEXT
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required \
username="{admin}" password="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:{admin};User:ANONYMOUS
log.dirs={folder}
default.replication.factor=3
min.insync.replicas=2
offsets.topic.replication.factor=3
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=4194304
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
_MEMORY: Final = ("-Xms96m", "-Xmx384m")


@dataclass
class Broker:
    """One of the three."""

    id: int
    port: int
    controller: int
    folder: Path
    child: Child | None = None

    def send(self, how: signal.Signals) -> None:
        assert self.child is not None
        os.killpg(self.child.pid, how)

    async def kill(self) -> None:
        """At once, as a crash of the machine would."""
        assert self.child is not None
        self.send(signal.SIGKILL)
        await asyncio.shield(self.child.ended)


class Cluster:
    """The brokers, and who may log in: users by their passwords, from the first start on."""

    def __init__(self, folder: Path, users: Sequence[str] = ()) -> None:
        ports = free_ports(2 * BROKERS)
        self.folder = folder
        self.users = (ADMIN, *users)
        self.brokers = [
            Broker(id + 1, ports[2 * id], ports[2 * id + 1], folder / f"broker-{id + 1}")
            for id in range(BROKERS)  # noqa: A001 - Kafka calls it so
        ]
        self._java: list[str] = []

    def kafka(self, user: str = ADMIN, *, password: str | None = None) -> Kafka:
        """The cluster, as this user comes to it."""
        return Kafka(
            servers=",".join(f"127.0.0.1:{broker.port}" for broker in self.brokers),
            protocol="SASL_PLAINTEXT",
            user=user,
            password=password or _password(user),
        )

    async def start(self) -> None:
        jars = await asyncio.to_thread(class_path)
        program = [str(java_program()), "-cp", os.pathsep.join(map(str, jars))]
        self._java = [*program, *JAVA_OPTIONS, *_MEMORY]
        cluster = cluster_id()
        await asyncio.gather(*(self._format(broker, cluster) for broker in self.brokers))
        await asyncio.gather(*(self.start_broker(broker) for broker in self.brokers))
        await self.whole()

    async def stop(self) -> None:
        for broker in self.brokers:
            if broker.child is not None and not broker.child.ended.done():
                await broker.kill()

    async def start_broker(self, broker: Broker) -> None:
        """Also again after it was killed; `whole` waits until it takes part."""
        run = [*self._java, "kafka.Kafka", str(self._configure(broker))]
        broker.child = await Child.start(self._command(broker, run))

    async def whole(self, *, within: float = 120.0) -> None:
        """Wait until all brokers are in, and every partition has all its copies in sync."""
        admin = AdminClient(librdkafka(self.kafka()))
        end = asyncio.get_running_loop().time() + within
        while not await asyncio.to_thread(_all_in_sync, admin):
            assert asyncio.get_running_loop().time() < end, self._tails()
            await asyncio.sleep(0.2)

    async def leader(self, topic: str, partition: int = 0) -> Broker:
        """Who leads a partition now."""
        admin = AdminClient(librdkafka(self.kafka()))
        seen = await asyncio.to_thread(admin.list_topics, topic, 20)
        leader = seen.topics[topic].partitions[partition].leader
        return next(broker for broker in self.brokers if broker.id == leader)

    async def _format(self, broker: Broker, cluster: str) -> None:
        storage = ["kafka.tools.StorageTool", "format", "-t", cluster]
        storage += ["-c", str(self._configure(broker))]
        for user in self.users:
            storage += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={_password(user)}]"]
        await run_to_end(self._command(broker, [*self._java, *storage]))

    def _configure(self, broker: Broker) -> Path:
        path = broker.folder.with_suffix(".properties")
        path.write_text(
            _PROPERTIES.format(
                id=broker.id,
                voters=",".join(f"{each.id}@127.0.0.1:{each.controller}" for each in self.brokers),
                port=broker.port,
                controller=broker.controller,
                folder=broker.folder,
                admin=ADMIN,
                password=_password(ADMIN),
            )
        )
        return path

    def _command(self, broker: Broker, arguments: Sequence[str]) -> Command:
        return Command(
            name=f"broker {broker.id}",
            arguments=arguments,
            log=broker.folder.with_suffix(".log"),
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            folder=self.folder,
        )

    def _tails(self) -> str:
        children = [broker.child for broker in self.brokers if broker.child is not None]
        return "\n\n".join(child.tail(lines=8) for child in children)


@contextlib.asynccontextmanager
async def three_brokers(folder: Path, users: Sequence[str] = ()) -> AsyncIterator[Cluster]:
    made = Cluster(folder, users)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


def _password(user: str) -> str:
    return f"the secret of {user}".replace(" ", "-")


def _all_in_sync(admin: AdminClient) -> bool:
    try:
        seen = admin.list_topics(timeout=5)
    except KafkaException:
        return False
    partitions = [each for topic in seen.topics.values() for each in topic.partitions.values()]
    return len(seen.brokers) == BROKERS and all(
        len(each.isrs) == len(each.replicas) and each.leader >= 0 for each in partitions
    )
