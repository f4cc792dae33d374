"""The import contracts of pyproject.toml, shown to bite, and rules that import-linter lacks."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, python_sources

# `shared` is a closed list: a new name here needs two users and a line in docs/architecture.md.
SHARED = {
    "attachments",
    "clock",
    "cluster",
    "commands",
    "consumer",
    "control",
    "database",
    "dates",
    "describing",
    "documents",
    "embedded",
    "envelope",
    "erasing",
    "errors",
    "expecting",
    "facts",
    "failpoints",
    "http",
    "identity",
    "inbox",
    "journal",
    "lists",
    "limits",
    "migrating",
    "observing",
    "operating",
    "parking",
    "personal",
    "plumbing_tables",
    "problems",
    "rebuild",
    "reference",
    "relay",
    "sealing",
    "security",
    "service",
    "settings",
    "sheets",
    "texts",
}
MODULES_OF_A_SERVICE = [
    "__main__",
    "wiring",
    "http",
    "subscribers",
    "usecases",
    "projections",
    "store",
    "gateways",
    "domain",
    "incoming",
    "events",
    "settings",
]


def _imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _service_names() -> set[str]:
    return {
        path.parts[1]
        for path, _ in python_sources("services")
        if len(path.parts) > 2 and path.parts[1] != "program"
    }


def test_shared_is_a_closed_list_of_plumbing() -> None:
    found = {path.with_suffix("").parts[1] for path, _ in python_sources("shared")} - {"__init__"}
    assert found <= SHARED, f"not on the list: {sorted(found - SHARED)}"


def test_every_part_of_shared_serves_at_least_two() -> None:
    """Directly or through other parts; the program and the tests' own support count as one each."""
    imports: dict[str, set[str]] = {}
    for path, text in python_sources("services", "shared", "tests/conftest.py", "tests/support"):
        user = "tests" if path.parts[0] == "tests" else "/".join(path.with_suffix("").parts[:2])
        imports.setdefault(user, set()).update(
            "/".join(name.split(".")[:2]) for name in _imported(text) if name.startswith("shared.")
        )
    reached = {user: _reached(user, imports) for user in imports if not user.startswith("shared/")}
    served = {
        part: sorted(user for user, parts in reached.items() if part in parts)
        for part in imports
        if part.startswith("shared/") and part != "shared/__init__"
    }
    assert {part: users for part, users in served.items() if len(users) < 2} == {}


def _reached(user: str, imports: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [user]
    while ahead:
        new = imports.get(ahead.pop(), set()) - found
        found |= new
        ahead += new
    return found


def test_tests_of_one_service_import_no_other_service() -> None:
    """Only contracts, journeys and faults may see both sides of a topic."""
    services = _service_names()
    crossed = []
    for path, text in python_sources("tests"):
        home = path.parts[1]
        if home not in services:
            continue
        crossed += [
            f"{path}: {name}"
            for name in _imported(text)
            if name.startswith("services.") and name.split(".")[1] in services - {home}
        ]
    assert crossed == []


@pytest.fixture
def a_tree_of_two_services(tmp_path: Path) -> Path:
    """A made-up system under this repository's own contracts, every module empty."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for service in ("ferries", "trains"):
        for module in MODULES_OF_A_SERVICE:
            _write(tmp_path, f"services/{service}/{module}.py", "")
    for module in SHARED:
        _write(tmp_path, f"shared/{module}.py", "")
    _write(tmp_path, "services/program/up.py", "")
    _write(tmp_path, "services/__main__.py", "from services.program import up\n")
    for package in {path.parent for path in tmp_path.rglob("*.py")}:
        (package / "__init__.py").touch()
    return tmp_path


def _write(root: Path, path: str, source: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(source)


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    lint = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [lint, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )


def test_a_new_service_that_keeps_the_rules_passes_unregistered(
    a_tree_of_two_services: Path,
) -> None:
    assert _lint(a_tree_of_two_services).returncode == 0


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("services/ferries/usecases.py", "import services.trains.events"),
        ("services/program/up.py", "import services.trains.wiring"),
        ("services/__main__.py", "import services.trains.wiring"),
        ("shared/errors.py", "import services.trains.events"),
        ("services/ferries/domain.py", "import sqlalchemy"),
        ("services/ferries/domain.py", "import shared.clock"),
        ("services/ferries/events.py", "import fastapi"),
        ("services/ferries/store.py", "import services.ferries.usecases"),
        ("services/ferries/usecases.py", "import services.ferries.http"),
        ("services/ferries/http.py", "import services.ferries.subscribers"),
        ("services/ferries/http.py", "import services.ferries.wiring"),
    ],
)
def test_an_import_against_the_rules_is_named_and_refused(
    a_tree_of_two_services: Path, module: str, source: str
) -> None:
    _write(a_tree_of_two_services, module, source + "\n")
    refused = _lint(a_tree_of_two_services)
    assert refused.returncode == 1
    assert source.removeprefix("import ") in refused.stdout
