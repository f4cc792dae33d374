"""The product: reporting as it is wired, its relay and control beside it, HTTP alone left out.

The clock is read from the product's own counter, which counts what is committed.
"""

import asyncio

import uvloop

from benchmarks.contenders.meter import Meter, given, quicken, say
from services.reporting.settings import Settings
from services.reporting.wiring import build
from shared import observing
from shared.observing import metrics


async def main(*, settings: dict[str, str], events: int) -> None:
    observing.configure(service="reporting", level="warning")
    service = build(Settings.model_validate(settings))
    meter = Meter(events)
    async with service.running():
        while not meter.reached(_applied()):
            if service.consumer is not None and service.consumer.not_ready() is None:
                meter.begin()
            await asyncio.sleep(0.005)
    say(rate=meter.rate())


def _applied() -> int:
    """What all subscriptions together have applied and committed."""
    [counter] = metrics.consumer_applied.collect()
    return int(sum(each.value for each in counter.samples if each.name.endswith("_total")))


if __name__ == "__main__":
    quicken()
    uvloop.run(main(**given()))
