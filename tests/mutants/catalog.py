"""The planted bugs, and how one is planted: exact text of one of our files gives way to another.

`planted/*.toml`: a bug's `name`, the promise that it `breaks`, the tests that it must turn `red`,
and its changes: in `file`, `old` (exactly once in it, without its last line's end) becomes `new`.
Text and not line numbers: it fits for as long as the code that it is about is there.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

__all__ = ["ROOT", "Bug", "Unfit", "catalog"]

ROOT: Final = Path(__file__).resolve().parents[2]
_PLANTED: Final = Path(__file__).parent / "planted"


class Unfit(Exception):
    """The code has changed, and the bug must be planted anew."""


class Change(BaseModel):
    """One text for another."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    old: str
    new: str

    def made(self, text: str, *, bug: str) -> str:
        """The file's text with this change. Raises Unfit."""
        old, new = self.old.removesuffix("\n"), self.new.removesuffix("\n")
        if text.count(old) != 1 or old == new:
            times = text.count(old)
            raise Unfit(
                f"the planted bug {bug} no longer fits, mend it: what it replaces stands"
                f" {times} times in {self.file}, and must stand there once:\n{old}"
            )
        return text.replace(old, new)


class Bug(BaseModel):
    """One planted bug."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    breaks: str
    """The promise, as it holds without the bug."""
    red: Sequence[str]
    """Tests, by pytest's ids; one without its parameters is red if one of its cases is."""
    change: Sequence[Change]

    def planted(self, root: Path) -> dict[str, str]:
        """The files that it changes, by their paths below `root`, with it in them. Raises Unfit."""
        texts: dict[str, str] = {}
        for change in self.change:
            text = texts.get(change.file) or (root / change.file).read_text(encoding="utf-8")
            texts[change.file] = change.made(text, bug=self.name)
        return texts


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    bug: Sequence[Bug]


def catalog() -> list[Bug]:
    """All of them."""
    return [
        bug
        for path in sorted(_PLANTED.glob("*.toml"))
        for bug in _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).bug
    ]
