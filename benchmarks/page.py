"""`docs/performance.md` and its pictures, from `docs/performance.json` and nothing else.

python -m benchmarks.page [FILE]      FILE: the JSON of a run, which is kept beside the page
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.chart import chart
from benchmarks.place import ROOT
from benchmarks.report import in_words, read_json
from benchmarks.runner import Figure, Work
from benchmarks.works import WORKS

__all__ = ["DOCS", "FIGURES", "PICTURES", "pages"]

DOCS = ROOT / "docs"
FIGURES = DOCS / "performance.json"
PAGE = DOCS / "performance.md"
PICTURES = "performance-*.svg"
_COMPARED = ("events/s", "ms p50", "ms p99")
_HEAD = """\
# How fast the plumbing is

Written by `python -m benchmarks.page` from [the figures of one run](performance.json); a test holds
the two together. Run it yourself:

```sh
make bench                             # all of it, for an hour or two
make bench ARGS="--quick"              # smaller, in some minutes
make bench ARGS="--quick --only projection --contenders bare,rapport"
make bench ARGS="--json FILE" && .venv/bin/python -m benchmarks.page FILE
```

It starts a PostgreSQL and an Apache Kafka of its own, as `rapport up` does, both with their records
on disk. Contenders are processes of their own, and take turns: each does the job once, then each
again in another order, five times (three with `--quick`). Every result is compared with an oracle,
which shares no code with any contender, before its figure counts; a wrong result has none. What
other libraries need is locked by itself (`requirements/bench.txt`) and installed only here.

How to read it:

- A figure is the median of the rounds. **A ratio is the median of the ratios within each round**:
  this is what counts, as a machine that is shared changes from one minute to the next. The limit
  itself moved by a third between runs on the machine that this page comes from.
- The clock runs from the moment that a contender has its partitions, or its first record, to its
  last commit. Imports, connections and the joining of a group are in nobody's figure; but a rebuild
  is timed as its operator would time it, from the command to its end.
- PostgreSQL, Kafka and the contender share the machine's cores. With more of them every figure
  rises, the limit's first.
- Peers do the same job with the same checked result, but only the product keeps its other promises
  meanwhile (positions in the same transaction, gaps, parking, take-overs, new epochs). Where a
  peer is spared work, its line says so.
- Latency is counted from the moment at which a command was due (an open loop), so that falling
  behind cannot hide.

"""


def pages(figures: Sequence[Figure]) -> Iterator[tuple[Path, str]]:
    """Each file of the documentation that follows from figures, and its content."""
    text = [_HEAD + _machine(figures)]
    for work in WORKS:
        of_work = [figure for figure in figures if figure.work == work.name]
        if not of_work:
            continue
        text.append(_section(work, of_work))
        for unit, part in _charts(of_work):
            picture = DOCS / _picture(work, unit)
            yield picture, chart(f"{work.title}: {unit}", part, limit=work.limit)
            text.append(f"![{work.title}, {unit}]({picture.name})\n\n")
    yield PAGE, "".join(text).rstrip("\n") + "\n"


def _machine(figures: Sequence[Figure]) -> str:
    known = {f.contender: f for f in figures if f.work == "machine"}
    return f"This run: {', '.join(in_words(figure) for figure in known.values())}.\n\n"


def _section(work: Work, figures: Sequence[Figure]) -> str:
    of = f"of {work.limit}" if work.limit else "ratio"
    lines = [
        f"## {work.title}\n",
        f"Aim: {work.aim}.\n",
        f"| contender | median | {of} |",
        "| --- | ---: | ---: |",
    ]
    for figure in figures:
        ratio = "" if figure.ratio_to_limit is None else f"{figure.ratio_to_limit:.3f}"
        name = f"**{figure.contender}**" if "rapport" in figure.contender else figure.contender
        lines.append(f"| {name} | {in_words(figure)} | {ratio} |")
    lines.append("")
    lines += [f"- {name}: {does}" for name, does in work.does.items()]
    return "\n".join(lines) + "\n\n"


def _charts(figures: Sequence[Figure]) -> Iterator[tuple[str, list[Figure]]]:
    """The figures of each unit in which several contenders were compared."""
    for unit in _COMPARED:
        part = [figure for figure in figures if figure.unit == unit]
        if part:
            yield unit, part


def _picture(work: Work, unit: str) -> str:
    words = "".join(letter if letter.isalnum() else "-" for letter in unit.lower())
    return f"performance-{work.name}-{words}.svg"


def main() -> None:
    if len(sys.argv) > 1:
        shutil.copyfile(sys.argv[1], FIGURES)
    for picture in DOCS.glob(PICTURES):
        picture.unlink()
    for path, content in pages(read_json(FIGURES)):
        path.write_text(content)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
