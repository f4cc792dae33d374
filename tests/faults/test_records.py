"""What is written about the faults that were tried can be read again."""

import json
from pathlib import Path

import pytest

from tests.faults.records import note


def test_each_trial_is_one_line_with_its_date_and_its_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_FAULT_RECORDS", str(tmp_path / "new" / "faults.jsonl"))
    note(2, "relay killed between send and delete", trials=40, detail="“one of three”")
    note(1, "any service killed anywhere", trials=7, failures=1, seconds=12.34)
    first, second = map(json.loads, (tmp_path / "new" / "faults.jsonl").read_text().splitlines())
    assert (first["promise"], first["trials"], first["failures"]) == (2, 40, 0)
    assert first["detail"] == "“one of three”"
    assert first["test"].endswith("::test_each_trial_is_one_line_with_its_date_and_its_test")
    assert first["date"][:2] == "20"
    assert (second["failures"], second["seconds"]) == (1, 12.3)
