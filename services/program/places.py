"""Where a run keeps its data, and where client commands find it."""

import os
from pathlib import Path

import platformdirs

__all__ = ["data_folder", "run_file"]


def data_folder() -> Path:
    """`RAPPORT_DATA`, or the user's data folder: journals, records, logs of `rapport up`."""
    named = os.environ.get("RAPPORT_DATA")
    return Path(named) if named else Path(platformdirs.user_data_dir("rapport", "rapport"))


def run_file(data: Path | None = None) -> Path:
    """Address and token of the run on this data folder; only while it runs."""
    return (data or data_folder()) / "run.json"
