"""docs/ewp.md: its commands work as it says, and it names every code."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import services.agreements
from services.agreements.gateways.ewp.__main__ import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "ewp.md").read_text(encoding="utf-8")
SERVICE = Path(services.agreements.__file__).parent
ANSWERS = {"check": 0, "hash": 0, "diff": 1}


@pytest.mark.parametrize(
    "line", re.findall(r"^rapport ewp ((?:check|hash|diff) [^#\n]+)", PAGE, re.MULTILINE)
)
def test_every_command_of_the_page_answers_as_it_says(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    command, *arguments = shlex.split(line)
    answer = CliRunner().invoke(app, [command, *arguments])
    assert answer.exit_code == ANSWERS[command], answer.output
    if command == "diff":
        assert re.search(r"```\n(student studies .*)\n```", PAGE)[1] in answer.output  # type: ignore[index]


def test_the_page_names_every_code_of_a_finding() -> None:
    gateway, usecases = SERVICE / "gateways" / "ewp", SERVICE / "usecases" / "ewp.py"
    source = "\n".join(path.read_text() for path in (*gateway.glob("*.py"), usecases))
    coded = re.compile(
        r'(?:_error|_warning|Rejected|tell)\(\s*f?"([a-z-]+)"|code="([a-z-]+)"|"(schema-[a-z]+)"'
        r'|: "([a-z0-9-]+-(?:digits|malformed))"|"([a-z-]+-(?:missing|two))"'
    )
    codes = {code for found in coded.findall(source) for code in found if code}
    assert {"hash-differs", "ewp-doctype", "language-skill-missing", "schema-value"} <= codes
    named = set(re.findall(r"`([a-z0-9-]+)`", PAGE))
    assert {code for code in codes if not code.endswith("-")} - named == set()
