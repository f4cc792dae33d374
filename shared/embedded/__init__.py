"""PostgreSQL 18 and Apache Kafka 4.3 on a bare machine: no Docker, no Java installed."""

from shared.embedded.children import Child, Command, StartError
from shared.embedded.jars import JarSettings, JarsMissingError
from shared.embedded.lock import DataInUseError, DataLock
from shared.embedded.servers import Addresses, EmbeddedServers, embedded_servers, free_ports

__all__ = [
    "Addresses",
    "Child",
    "Command",
    "DataInUseError",
    "DataLock",
    "EmbeddedServers",
    "JarSettings",
    "JarsMissingError",
    "StartError",
    "embedded_servers",
    "free_ports",
]
