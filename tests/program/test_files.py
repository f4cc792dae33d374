"""YAML as people write it."""

from pathlib import Path

import pytest
import yaml

from services.program.files import read_yaml


def test_on_is_a_word_and_a_date_stays_its_text(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("{on: 2024-06-30, country: NO, met: true, year: 2024}")
    assert read_yaml(file) == {"on": "2024-06-30", "country": "NO", "met": True, "year": 2024}


def test_a_file_cannot_make_objects(tmp_path: Path) -> None:
    file = tmp_path / "plan.yaml"
    file.write_text("!!python/object/apply:os.system ['true']")
    with pytest.raises(yaml.YAMLError):
        read_yaml(file)
