"""Every planted bug can be planted, and would be noticed by a test that is there."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.catalog import ROOT, Bug, Change, Unfit, catalog
from tests.mutants.trials import Outcome, judge

AT_LEAST = 24
BUGS = {bug.name: bug for bug in catalog()}


def test_there_are_enough_planted_bugs_and_each_has_a_name_of_its_own() -> None:
    assert len(BUGS) == len(catalog())
    assert len(BUGS) >= AT_LEAST


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS)
def test_a_planted_bug_fits_and_names_tests_that_exist(bug: Bug) -> None:
    assert bug.planted(ROOT)
    assert bug.red
    for test in bug.red:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in _tests_of(ROOT / file), test


def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree.body if isinstance(node, functions)}


def test_a_planted_bug_is_wrong_and_not_broken(tmp_path: Path) -> None:
    """A name that nobody has defined would turn any test red."""
    for bug in BUGS.values():
        for file, text in bug.planted(ROOT).items():
            planted = tmp_path / bug.name / file
            planted.parent.mkdir(parents=True, exist_ok=True)
            planted.write_text(text, encoding="utf-8")
    undefined = ("--isolated", "--no-cache", "--select", "F821,F822,F823", "--quiet")
    checked = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *undefined, "--target-version", "py311", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")


def bug_of(*changes: tuple[str, str]) -> Bug:
    made = [Change(file="code.py", old=old, new=new) for old, new in changes]
    return Bug(name="my-bug", breaks="a promise", red=["t.py::test_a"], change=made)


@pytest.mark.parametrize("old", ["gone\n", "twice\n"])
def test_a_bug_whose_code_has_changed_says_so(tmp_path: Path, old: str) -> None:
    (tmp_path / "code.py").write_text("once\ntwice\ntwice\n")
    assert bug_of(("once\n", "never\n")).planted(tmp_path) == {"code.py": "never\ntwice\ntwice\n"}
    with pytest.raises(Unfit, match="my-bug no longer fits, mend it"):
        bug_of((old, "x\n")).planted(tmp_path)


def test_several_changes_of_one_file_are_made_together(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("a = 1\nb = 2\n")
    planted = bug_of(("a = 1\n", "a = 2\n"), ("b = 2\n", "b = 1\n")).planted(tmp_path)
    assert planted == {"code.py": "a = 2\nb = 1\n"}


PASSED = Outcome("t.py::test_a", "call", "passed", "")
FAILED = Outcome("t.py::test_a[1]", "call", "failed", "AssertionError: 2\nassert 1 == 2")


def test_a_bug_is_found_if_each_of_its_tests_has_a_case_that_fails() -> None:
    passed = PASSED._replace(test="t.py::test_a[0]")
    assert judge(["t.py::test_a"], [passed, FAILED]) == (True, "a: AssertionError: 2")
    other = PASSED._replace(test="t.py::test_b")
    assert judge(["t.py::test_a", "t.py::test_b"], [FAILED, other]) == (False, "b did not see it")


@pytest.mark.parametrize(
    ("outcomes", "why"),
    [
        ([PASSED], "a did not see it"),
        ([], "a was not run: the tree does not even load"),
        ([FAILED._replace(when="setup")], "a broke down: AssertionError: 2"),
        ([FAILED._replace(why="NameError: x")], "a broke down: NameError: x"),
    ],
)
def test_what_breaks_down_has_not_found_a_bug(outcomes: list[Outcome], why: str) -> None:
    assert judge(["t.py::test_a"], outcomes) == (False, why)
