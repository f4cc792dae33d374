"""The files of the repository as git sees them: tracked, or new and not ignored."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*patterns: str) -> list[Path]:
    """Paths relative to the root, by git pathspecs, without those deleted on disk."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted({Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()})


def texts(*patterns: str) -> Iterator[tuple[Path, str]]:
    """Those of `files` that are UTF-8 text, each with its content: no pictures, sheets, fonts."""
    for path in files(*patterns):
        try:
            yield path, (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def python_sources(*folders: str) -> list[tuple[Path, str]]:
    """The Python files below these folders."""
    return [(path, text) for path, text in texts(*folders) if path.suffix == ".py"]
