"""The jobs, in the order in which they are done."""

from benchmarks.runner import Work
from benchmarks.works.importing import Importing
from benchmarks.works.memory import Memory
from benchmarks.works.partners import Partners
from benchmarks.works.projection import Projection
from benchmarks.works.rebuild import Rebuilding
from benchmarks.works.relay import Relaying
from benchmarks.works.visible import Visible

__all__ = ["WORKS"]

WORKS: tuple[Work, ...] = (
    Projection(),
    Relaying(),
    Visible(),
    Rebuilding(),
    Memory(),
    Importing(),
    Partners(),
)
