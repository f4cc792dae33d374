"""Migrations of a service are one line of numbers; two written at the same time may not be."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

FOLDERS = sorted((ROOT / "services").glob("*/migrations/versions"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parts[-3])
def test_each_migration_follows_the_one_before_it_and_is_named_by_its_number(folder: Path) -> None:
    files = sorted(folder.glob("*.py"))
    links = [_links(file) for file in files]
    numbers = [f"{number:04}" for number in range(1, len(files) + 1)]
    assert [revision for revision, _ in links] == numbers
    assert [before for _, before in links] == [None, *numbers[:-1]]
    assert [file.name[:4] for file in files] == numbers


def _links(file: Path) -> tuple[str, str | None]:
    """Its number, and that of the one before."""
    said = {
        target.id: ast.literal_eval(node.value)
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    return said["revision"], said["down_revision"]
