"""The jobs, in the order in which they are done."""

from benchmarks.runner import Work
from benchmarks.works.projection import Projection

__all__ = ["WORKS"]

WORKS: tuple[Work, ...] = (Projection(),)
