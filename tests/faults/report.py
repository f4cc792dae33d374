"""The page of what was tried, from the records: `make reliability`.

New records are taken into docs/reliability.json, the newest of each test and fault in the place of
an older one; the rows of docs/reliability.md are written from that file alone.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.faults.records import where

__all__ = ["KEPT", "PAGE", "merged", "page"]

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
KEPT: Final = _DOCS / "reliability.json"
PAGE: Final = _DOCS / "reliability.md"
_FROM_HERE: Final = "\n## The faults\n"
"""What stands before it in the page is written by hand, and kept."""

Record = Mapping[str, Any]

PROMISES: Final = {
    1: "nothing accepted is lost",
    2: "each effect once, in order",
    3: "what cannot be processed is kept in view",
    4: "one mail a period",
    5: "names in one place",
    6: "nobody reads or changes more than they may",
}


def _key(record: Record) -> tuple[int, str, str]:
    return record["promise"], record["fault"], record["test"]


def merged(*records: Iterable[Record]) -> list[Record]:
    """The newest of each promise, fault and test, in that order."""
    newest: dict[tuple[int, str, str], Record] = {}
    for record in sorted((each for some in records for each in some), key=lambda r: r["date"]):
        newest[_key(record)] = record
    return [newest[key] for key in sorted(newest)]


def page(records: Sequence[Record]) -> str:
    """The page: the head that was written by hand, a row for each fault, and a list of the runs."""
    faults: dict[tuple[int, str], list[Record]] = {}
    for record in records:
        faults.setdefault((record["promise"], record["fault"]), []).append(record)
    lines = [PAGE.read_text(encoding="utf-8").partition(_FROM_HERE)[0] + _FROM_HERE]
    lines += ["| promise | fault | trials | failures | chance of a failure, at 95 % | last run |"]
    lines += ["| --- | --- | ---: | ---: | --- | --- |"]
    for (promise, fault), runs in faults.items():
        trials, failures = (sum(run[what] for run in runs) for what in ("trials", "failures"))
        bound = f"< {3 / trials:.2g}" if trials > 3 and not failures else "-"
        last = max(run["date"] for run in runs)[:10]
        what = f"{promise}: {PROMISES[promise]}"
        lines.append(f"| {what} | {fault} | {trials} | {failures} | {bound} | {last} |")
    lines += ["", "## The runs", "", "| fault | how | trials | test | by | on |"]
    lines += ["| --- | --- | ---: | --- | --- | --- |"]
    for runs in faults.values():
        for run in runs:
            place, _, name = run["test"].partition("::")
            test = f"`{name}` in [{Path(place).name}](../{place})"
            seconds = f", {run['seconds']:.0f} s" if "seconds" in run else ""
            by = f"`{run.get('command', 'pytest')}`{seconds}"
            on = f"{run['date'][:10]}, {run['commit']}"
            cells = [run["fault"], run["detail"], run["trials"], test, by, on]
            lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _is_there(record: Record) -> bool:
    """Its test was not taken away since."""
    place: str = record["test"].partition("::")[0]
    return (_DOCS.parent / place).is_file()


def main() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else []
    found = where()
    new = found.read_text(encoding="utf-8").splitlines() if found.exists() else []
    records = [each for each in merged(kept, map(json.loads, new)) if _is_there(each)]
    KEPT.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(records), encoding="utf-8")
    print(f"{len(records)} records, {len(new)} lines read from {found}: {PAGE}")


if __name__ == "__main__":
    main()
