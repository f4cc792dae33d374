"""A relay in a process of its own, to be killed: `relay_process.py DATABASE KAFKA TOPIC`."""

import asyncio
import sys

from shared.clock import Clock
from shared.database import Database
from shared.reference import Reference
from shared.relay import Relay


async def main(dsn: str, kafka_servers: str, topic: str) -> None:
    database = Database(dsn, service="tests", clock=Clock(), reference=Reference({}))
    await Relay(service="tests", database=database, topic=topic, kafka_servers=kafka_servers).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
