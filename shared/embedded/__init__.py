"""PostgreSQL 18 and Apache Kafka 4.3 on a bare machine: no Docker, no Java installed."""

from shared.embedded.children import CannotStart, Child, Command, StartFailed, ended_well, kill_all
from shared.embedded.jars import JarSettings, JarsMissing
from shared.embedded.lock import DataInUse, DataLock
from shared.embedded.servers import Addresses, EmbeddedServers, embedded_servers, free_ports

__all__ = [
    "Addresses",
    "CannotStart",
    "Child",
    "Command",
    "DataInUse",
    "DataLock",
    "EmbeddedServers",
    "JarSettings",
    "JarsMissing",
    "StartFailed",
    "embedded_servers",
    "ended_well",
    "free_ports",
    "kill_all",
]
