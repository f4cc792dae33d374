"""What no linter checks of the files: their names, sizes and what must not stand in them."""

import ast
import re
from itertools import pairwise

from tests.architecture.tree import ROOT, files, python_sources, texts

LONGEST_FILE = 450
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

# Written in halves: this file, too, must not hold what it looks for.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted.org",
    "registry.npm" + "js.org",
    "maven" + ".org",
    "maven.apache" + ".org",
    "proxy.golang" + ".org",
    "crates" + ".io",
    "docker" + ".io",
    "ghcr" + ".io",
    "quay" + ".io",
    "registry.k8s" + ".io",
    "gcr" + ".io",
    "anaconda" + ".org",
    "unpkg" + ".com",
    "jsdelivr" + ".net",
]
OTHER_PLACES = [".." + "/shared/", "/work" + "/", "tmp/" + "spec"]
UNFINISHED = re.compile(
    "|".join(
        [
            r"\bTO" + r"DO\b",
            r"\bFIX" + r"ME\b",
            r"\bNotImpl" + r"ementedError\b",
            # a platform that lacks what is tested is not a gap
            r"\bpytest\.(mark\.)?(sk" + r"ip(?!if\(sys\.platform)|xf" + r"ail)",
        ]
    )
)


def _lines_with(needles: list[str]) -> list[str]:
    found = []
    for path, text in texts():
        for number, line in enumerate(text.splitlines(), start=1):
            found += [f"{path}:{number}: {n}" for n in needles if n in line.lower()]
    return found


def test_no_registry_host_stands_in_the_repository() -> None:
    assert _lines_with(REGISTRIES) == []


def test_nothing_refers_to_a_folder_outside_the_repository() -> None:
    assert _lines_with(OTHER_PLACES) == []


def test_no_file_is_named_for_nothing_in_particular() -> None:
    empty_names = [
        path
        for path, _ in python_sources("services", "shared", "tests", "benchmarks")
        if NAMES_THAT_SAY_NOTHING & {path.stem, *path.parent.parts}
    ]
    assert empty_names == []


def test_no_python_file_is_longer_than_one_sitting() -> None:
    long = [
        f"{path}: {lines} lines, the limit is {LONGEST_FILE}: make it a folder of the same name"
        for path, text in python_sources("services", "shared", "tests", "benchmarks")
        if (lines := text.count("\n")) > LONGEST_FILE
    ]
    assert long == []


def test_nothing_is_left_unfinished_or_left_out() -> None:
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in python_sources("services", "shared", "tests", "benchmarks", "deploy")
        for number, line in enumerate(text.splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert found == []


def test_every_test_name_is_a_sentence_that_can_be_wrong() -> None:
    """Three words after `test_` at least: `test_sign` says what is called, not what must hold."""
    too_short = []
    for path, text in python_sources("tests"):
        if not path.name.startswith("test_"):
            continue
        for node in ast.walk(ast.parse(text, str(path))):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            words = node.name.removeprefix("test_").split("_")
            if node.name.startswith("test_") and len(words) < 3:
                too_short.append(f"{path}:{node.lineno}: {node.name}")
    assert too_short == []


# A limit or a pause in capitals may be shortened; a function or a class may not be replaced.
MOCK = re.compile(
    r"unittest\.mock|pytest_mock|monkeypatch\.setattr\(\"(?:services|shared)(?:\.\w+)*\._*[a-z]\w*\""
)


def test_no_test_replaces_a_part_of_ours_with_a_mock() -> None:
    mocks = [
        f"{path}: {found.group(0)}"
        for path, text in python_sources("tests")
        if path.parts[:2] != ("tests", "architecture")
        if (found := MOCK.search(text))
    ]
    assert mocks == []


def test_every_python_file_of_the_packages_is_in_a_package() -> None:
    """A folder without __init__.py is one that linters do not follow; migrations are scripts."""
    orphans = sorted(
        {
            path.parent.as_posix()
            for path, _ in python_sources("services", "shared")
            if "migrations" not in path.parts and not (ROOT / path.parent / "__init__.py").exists()
        }
    )
    assert orphans == []


LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")


def _anchors(document: str) -> set[str]:
    """The anchors of a page's headings, as the usual hosts derive them."""
    headings = re.findall(r"^#+\s+(.*?)\s*$", document, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"`", "", h)).lower().replace(" ", "-") for h in headings
    }


def _without_code(document: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", document, flags=re.DOTALL)


def test_every_local_link_of_the_documents_leads_somewhere() -> None:
    known = set(files()) | {folder for path in files() for folder in path.parents}
    broken = []
    for path, text in texts("*.md"):
        for target in LINK.findall(_without_code(text)):
            if re.match(r"[a-z]+:", target):
                continue
            place, _, anchor = target.partition("#")
            page = (ROOT / path.parent / place).resolve() if place else ROOT / path
            if not page.is_relative_to(ROOT) or page.relative_to(ROOT) not in known:
                broken.append(f"{path}: {target}: there is no such file")
            elif anchor and anchor not in _anchors(page.read_text(encoding="utf-8")):
                broken.append(f"{path}: {target}: the page has no such heading")
    assert broken == []


def test_decision_records_are_numbered_without_a_gap() -> None:
    numbers = [int(path.name[:4]) for path in files("docs/decisions/[0-9]*.md")]
    assert all(after == before + 1 for before, after in pairwise(numbers)), numbers
