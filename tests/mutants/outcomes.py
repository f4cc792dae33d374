"""A plugin of pytest (`-p tests.mutants.outcomes`): writes what became of each test, one JSON line
each, to the file that RAPPORT_OUTCOMES names. So even a run that is ended has said what it knows.
"""

import json
import os
from pathlib import Path

import pytest


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called at the end of a test's set-up, of the test, and of its tear-down."""
    if report.when == "teardown" or (report.when == "setup" and report.passed):
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    why = getattr(crash, "message", None) or (str(report.longrepr) if report.failed else "")
    line = {"test": report.nodeid, "when": report.when, "outcome": report.outcome, "why": why}
    with Path(os.environ["RAPPORT_OUTCOMES"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
