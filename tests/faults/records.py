"""The record of what was tried: one JSON line for each fault that a test has put a promise through.

`docs/reliability.md` is made from these lines and from nothing else (`make reliability`). A test
writes one at its end, when it knows how often it tried and what came of it.
"""

import json
import os
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["note", "where"]

_ROOT: Final = Path(__file__).resolve().parents[2]


def where() -> Path:
    """The file that lines go to: `RAPPORT_FAULT_RECORDS`, or one that git does not see."""
    return Path(os.environ.get("RAPPORT_FAULT_RECORDS") or _ROOT / "build" / "faults.jsonl")


def note(
    promise: int,
    fault: str,
    trials: int,
    failures: int = 0,
    detail: str = "",
    *,
    seconds: float | None = None,
) -> None:
    """Promise `promise` (1 to 6, docs/reliability.md) was put to `trials` trials of a fault.

    `fault` is the row it shows, in few words and the same in every run; `detail` says what was
    done in this one. Tests of several processes may write at once: a line is one write.
    """
    test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
    line: dict[str, object] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "promise": promise,
        "fault": fault,
        "trials": trials,
        "failures": failures,
        "detail": detail,
        "test": test,
        "command": os.environ.get("RAPPORT_FAULT_COMMAND") or "pytest",
        "commit": _commit(),
    }
    if seconds is not None:
        line["seconds"] = round(seconds, 1)
    place = where()
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


@cache
def _commit() -> str:
    """The commit that is tested; with a star if something is not committed; "" outside of git."""

    def git(*words: str) -> str:
        asked = subprocess.run(
            ["git", *words], cwd=_ROOT, capture_output=True, text=True, check=False
        )
        return asked.stdout.strip() if asked.returncode == 0 else ""

    commit = git("rev-parse", "--short", "HEAD")
    return f"{commit}*" if commit and git("status", "--porcelain") else commit
