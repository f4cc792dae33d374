"""Brings the databases of all services to their newest migrations, in one short process.

`python -m services.program.migrating NAME=URL ...` would show the passwords to everybody on the
machine: the addresses come as JSON in RAPPORT_MIGRATE.
"""

import asyncio
import json
import os

from shared.migrating import upgrade


async def _all(addresses: dict[str, str]) -> None:
    for name, url in addresses.items():
        await upgrade(name, url)


def main() -> None:
    asyncio.run(_all(json.loads(os.environ["RAPPORT_MIGRATE"])))


if __name__ == "__main__":
    main()
