"""Where a run keeps its data, and where client commands find it."""

import json
import os
from pathlib import Path
from typing import Any

import platformdirs

__all__ = ["data_folder", "run_file", "running_now"]


def data_folder() -> Path:
    """`RAPPORT_DATA`, or the user's data folder: journals, records, logs of `rapport up`."""
    named = os.environ.get("RAPPORT_DATA")
    return Path(named) if named else Path(platformdirs.user_data_dir("rapport", "rapport"))


def run_file(data: Path | None = None) -> Path:
    """Address and token of the run on this data folder; only while it runs."""
    return (data or data_folder()) / "run.json"


def running_now() -> dict[str, Any]:
    """What the run on this machine says of itself; {} if there is none."""
    try:
        said: dict[str, Any] = json.loads(run_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said
