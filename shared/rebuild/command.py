"""`rebuild`, as a command: what it says, and its exit code."""

import sys

import uvloop

from shared.errors import Transient
from shared.rebuild.rebuilding import Rebuild, projections_of
from shared.rebuild.shadow import CannotRebuild
from shared.rebuild.showing import Showing
from shared.service import Service

__all__ = ["rebuild_all"]

_DIFFERENT = 1
_REFUSED = 2
_INTERRUPTED = 130


def rebuild_all(
    service: Service, *, projection: str | None, fresh: bool, only_compare: bool
) -> int:
    """Rebuild what was asked for. 0: done; 1: not switched, or different; 2: it cannot be."""
    try:
        return uvloop.run(_all(service, projection, fresh=fresh, only_compare=only_compare))
    except KeyboardInterrupt:
        _tell("interrupted: what is filled is kept, and the same command goes on")
        return _INTERRUPTED


async def _all(service: Service, wanted: str | None, *, fresh: bool, only_compare: bool) -> int:
    try:
        groups = projections_of(service.name, service.subscriptions, wanted)
    except CannotRebuild as refused:
        _tell(str(refused))
        return _REFUSED
    same = True
    try:
        for group in groups:
            rebuild = Rebuild(service, group, showing=Showing())
            compared = await rebuild.run(fresh=fresh, only_compare=only_compare)
            same = same and all(each.same for each in compared)
    except CannotRebuild as cannot:
        _tell(str(cannot))
        return _DIFFERENT
    except Transient as away:
        _tell(f"{away}: what is filled is kept; run it again")
        return _DIFFERENT
    finally:
        await service.database.close()
    return _DIFFERENT if only_compare and not same else 0


def _tell(text: str) -> None:
    sys.stderr.write(f"rebuild: {text}\n")
