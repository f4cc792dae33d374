"""What three offices published, line by line, out of the running system."""

from pathlib import Path
from typing import Any

import pytest

from services.program.expectations import Expectations
from services.program.files import deploy_file, read_yaml
from services.program.importing import import_file
from services.program.registers import REGISTERS
from tests.journeys.conftest import System

pytestmark = pytest.mark.timeout(300)  # whoever comes first starts the whole system

LINES = read_yaml(deploy_file("demo") / "expected.yaml")


def _name(line: dict[str, Any]) -> str:
    return f"{line['seed']}: {line['says']}"


@pytest.mark.parametrize("line", LINES, ids=_name)
async def test_what_was_published_comes_out_of_the_records(
    system: System, line: dict[str, Any]
) -> None:
    (outcome,) = await Expectations(system.client, system.mailbox).check([line])
    assert outcome.holds, f"{outcome.asked}: {outcome.found}"


async def test_a_line_that_does_not_hold_is_told_apart(system: System, tmp_path: Path) -> None:
    asked = {"unit": "hust/me", "year": 2019}
    wrong: list[dict[str, Any]] = [
        {"seed": "-", "says": "", "measure": "visits.foreign-visitors", "query": asked, "is": 52},
        {"seed": "-", "says": "", "parked": ["nothing"]},
        {
            "seed": "-",
            "says": "",
            "report": "icst 2024",
            "query": {"unit": "icst", "year": 2024},
            "phrases": ["Atlantis"],
        },
    ]
    outcomes = await Expectations(system.client, tmp_path).check(wrong)
    assert [outcome.holds for outcome in outcomes] == [False, False, False]


@pytest.mark.parametrize(
    ("register", "file"),
    [
        ("partners", "icst/partners.csv"),
        ("agreements", "nist/agreements.csv"),
        ("contributions", "hust/contributions.csv"),
        ("joint-projects", "nist/joint-projects.csv"),
        ("visits", "icst/visits.csv"),
        ("appointments", "nist/appointments.csv"),
        ("programmes", "hust/programmes.csv"),
    ],
)
async def test_loading_a_file_again_changes_nothing(
    system: System, register: str, file: str
) -> None:
    service = REGISTERS[register].service
    before = await system.client.get(f"/{service}/status")
    verdicts = await import_file(system.client, register, deploy_file("demo") / file)
    after = await system.client.get(f"/{service}/status")
    assert {verdict.outcome for verdict in verdicts} == {"unchanged"}
    assert after["journal"] == before["journal"]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_what_is_exported_of_every_register_changes_nothing_when_imported(
    system: System, form: str, tmp_path: Path
) -> None:
    for name, layout in REGISTERS.items():
        if layout.listed is None:
            continue
        file = tmp_path / f"{name}.{form}"
        with file.open("wb") as out:
            async for chunk in system.client.stream(layout.listed, format=form):
                out.write(chunk)
        before = await system.client.get(f"/{layout.service}/status")
        verdicts = await import_file(system.client, name, file)
        other = [each for each in verdicts if each.outcome != "unchanged"]
        assert verdicts, name
        assert other == [], name
        after = await system.client.get(f"/{layout.service}/status")
        assert after["journal"] == before["journal"], name
