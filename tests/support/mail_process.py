"""The job that sends digests, in a process of its own, for tests that kill or pause it.

python mail_process.py SETTINGS     the settings of notify as JSON, its mail's among them
"""

import asyncio
import json
import signal
import sys

from services.notify.settings import Settings
from services.notify.wiring import build
from shared import database, failpoints, observing


async def main(given: str) -> None:
    service = build(Settings.model_validate(json.loads(given)))
    observing.configure(service="notify")
    failpoints.arm()
    [job] = [job for job in service.jobs if job.name == "send-digests"]
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    sending = asyncio.create_task(service._repeat(job))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stopping.wait()
    sending.cancel()  # as the service's own `_stop` does
    await asyncio.gather(sending, return_exceptions=True)
    await service.database.close()


if __name__ == "__main__":
    database._IDLE_SECONDS = 5  # who hangs in a transaction loses it, in tests a little sooner
    asyncio.run(main(sys.argv[1]))
