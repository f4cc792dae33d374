"""`rapport ewp` on files: no system runs, and a script can tell from the exit code."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from services.agreements.gateways.ewp.__main__ import app
from tests.agreements.ewp.documents import (
    SAMPLES,
    THEIRS,
    agreement,
    condition,
    document,
    partner,
)


def ewp(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return written(tmp_path / "ours.xml", document(agreement(condition())))


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    partners = (partner(THEIRS, "B-7", "DE 7"), partner())
    swapped = agreement(condition(mobilities_per_year="3"), partners=partners)
    return written(tmp_path / "theirs.xml", document(swapped))


def written(path: Path, received: bytes) -> Path:
    path.write_bytes(received)
    return path


def test_a_valid_file_is_checked_with_0_and_a_strict_one_minds_warnings(ours: Path) -> None:
    good = ewp("check", SAMPLES / "every-element.xml")
    assert (good.exit_code, good.stderr) == (0, "")
    assert good.stdout.endswith("every-element.xml: 1 agreement, no errors, no warnings\n")
    assert ewp("check", ours).exit_code == 0
    assert ewp("check", ours, "--strict").exit_code == 1


def test_an_invalid_file_is_checked_with_1_and_the_place(tmp_path: Path) -> None:
    bad = written(tmp_path / "bad.xml", document(agreement(condition(blended="perhaps"))))
    answer = ewp("check", bad)
    assert answer.exit_code == 1
    assert f"{bad}:1: error schema-value at /iias-get-response/iia/" in answer.stdout
    told = json.loads(ewp("check", bad, "--json").stdout)
    assert told["valid"] is False
    assert {"code", "severity", "line", "path", "what", "do"} == set(told["findings"][0])


@pytest.mark.parametrize("received", [b"no xml", b"<!DOCTYPE x><x/>", b"<x/>"])
def test_what_is_no_agreement_is_invalid_and_cannot_be_compared(
    tmp_path: Path, ours: Path, received: bytes
) -> None:
    file = written(tmp_path / "other.xml", received)
    assert ewp("check", file).exit_code == 1
    assert json.loads(ewp("check", file, "--json").stdout)["valid"] is False
    for answer in (ewp("hash", file), ewp("diff", ours, file)):
        assert (answer.exit_code, answer.stdout) == (2, "")
        assert str(file) in answer.stderr


def test_a_file_that_is_not_there_is_2_and_not_1(ours: Path) -> None:
    for answer in (ewp("check", "no.xml"), ewp("hash", "no.xml"), ewp("diff", ours, "no.xml")):
        assert answer.exit_code == 2
        assert "no.xml: No such file" in answer.stderr
    assert ewp("diff", ours).exit_code == 2


def test_the_hash_of_each_agreement_is_printed_with_its_id() -> None:
    answer = ewp("hash", SAMPLES / "terminated.xml", "--verify")
    hashes = [line.split() for line in answer.stdout.splitlines()]
    assert [(len(hash_), iia) for hash_, iia in hashes] == [(64, "T1"), (64, "T2")]
    assert answer.exit_code == 0


def test_a_stated_hash_of_another_text_is_shown_and_verified_with_1(ours: Path) -> None:
    assert f"stated: {'0' * 64}" in ewp("hash", ours).stdout
    assert ewp("hash", ours).exit_code == 0
    assert ewp("hash", ours, "--verify").exit_code == 1
    told = json.loads(ewp("hash", ours, "--json", "--text").stdout)
    assert (told[0]["iia_id"], told[0]["same"]) == ("iia-1", False)
    assert told[0]["text"].startswith("_iia-id_1=iia-1__iia-id_2=B-7_")


def test_differences_are_printed_in_words_with_1_and_none_with_0(ours: Path, theirs: Path) -> None:
    answer = ewp("diff", ours, theirs)
    assert answer.exit_code == 1
    assert "mobilities per year: ours 2; theirs 3" in answer.stdout
    told = json.loads(ewp("diff", ours, theirs, "--json").stdout)
    [difference] = told["agreements"][0]["differences"]
    assert (told["same"], difference["ours"], difference["theirs"]) == (False, "2", "3")
    assert ewp("diff", ours, ours).exit_code == 0


def test_the_command_of_the_service_loads_no_part_of_the_service() -> None:
    """So it starts at once, and works where nothing of Rapport runs."""
    look = (
        "import sys, services.agreements.gateways.ewp.__main__;"
        "print({'sqlalchemy', 'pydantic', 'services.agreements.events'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.strip() == "set()"


def test_the_program_passes_on_to_the_command_of_the_service(ours: Path) -> None:
    program = [sys.executable, "-m", "services", "ewp", "hash", str(ours), "--verify"]
    answer = subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, answer.stdout) == (1, ewp("hash", ours).stdout)
