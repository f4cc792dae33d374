"""The commands in our documents, as scripts that can be run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), ROOT / "deploy" / "README.md"])

NOT_RUN = {
    "docker ": "an image needs Docker; tests/architecture/test_manifests.py checks what it is of",
    "kubectl ": "a cluster is needed; tests/architecture/test_manifests.py checks the manifests",
    "make ": ".ci/run and the tests are what these run",
    ".ci/run": "it runs these tests",
    "rapport up": "tests/program/test_up.py starts systems; these commands need one that is up",
    "python -m services.": "tests/program/test_up.py runs services so, with their settings",
}
"""Commands that stand in documents and are not run here, and why not."""

_FENCED = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXITS = re.compile(r"\s+# exits (\d+)\b.*$")
_COMMAND = re.compile(r"(rapport|curl|make|docker|kubectl|\.ci/run|python -m services)\b")


class Block(NamedTuple):
    """What stands between fences, and in which line of which page."""

    page: str
    line: int
    language: str
    text: str

    @property
    def commands(self) -> list[str]:
        """Its lines, with those that are continued joined."""
        return re.sub(r"\\\n\s*", "", self.text).splitlines()


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCED.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield Block(str(page.relative_to(ROOT)), line, found[1], found[2])


def shown_but_not_marked(page: Path) -> list[str]:
    """Commands that stand in a block that is not marked `sh`, and so would never be run."""
    return [
        f"{block.page}:{block.line}: {line}"
        for block in blocks(page)
        if block.language not in ("sh", "text")
        for line in block.commands
        if _COMMAND.match(line)
    ]


def script(page: Path) -> str:
    """What a person does who follows the page from its beginning; "" if there is nothing to do."""
    lines = list[str]()
    for block in blocks(page):
        if block.language == "sh":
            lines += [f"echo '=== {block.page}:{block.line}' >&2", *map(_checked, block.commands)]
    return "\n".join(lines)


def _checked(command: str) -> str:
    """The command; its exit code is as the page says (`# exits 1`), or 0."""
    if any(command.startswith(each) for each in NOT_RUN):
        return f": {command.partition('#')[0]!r}"
    expected = _EXITS.search(command)
    if expected is None:
        return command
    alone = command[: expected.start()]
    return f"{{ {alone}; }} && exit 99 || test $? -eq {expected[1]}"
