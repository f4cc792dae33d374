"""Stories by their seeds.

    python -m tests.simulation SEED                    one story, its trace, and how it ends
    python -m tests.simulation SEED --seeds N          N stories; those that end badly are named
    ... --without GUARD                                as if one guard of the product were missing
    ... --first                                        stop at the first that ends badly

Hashes of texts are the same in every run, so a seed is all that a story depends on.
"""

import argparse
import os
import sys

from tests.simulation.story import Story
from tests.simulation.weakening import WEAKNESSES


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.simulation")
    arguments.add_argument("seed", type=int)
    arguments.add_argument("--seeds", type=int, default=1)
    arguments.add_argument("--without", choices=sorted(WEAKNESSES))
    arguments.add_argument("--first", action="store_true")
    parsed = arguments.parse_args()
    failed = 0
    for nth, seed in enumerate(range(parsed.seed, parsed.seed + parsed.seeds), start=1):
        story = Story(seed, trace=parsed.seeds == 1)
        if parsed.without:
            WEAKNESSES[parsed.without](story.server, story.cluster)
        found = story.play()
        _say(*story.world.trace)
        if found:
            failed += 1
            more = f" --without {parsed.without}" if parsed.without else ""
            _say(f"seed {seed}; its trace: python -m tests.simulation {seed}{more}")
            _say(*(f"    {what}" for what in found))
            if parsed.first:
                break
        if nth % 500 == 0:
            _say(f"{nth} of {parsed.seeds} stories, {failed} ended badly")
    _say(f"{failed} of {nth} stories ended badly")
    return 1 if failed else 0


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        same = [sys.executable, "-m", "tests.simulation", *sys.argv[1:]]
        os.execve(  # noqa: S606 - this program itself
            sys.executable, same, os.environ | {"PYTHONHASHSEED": "0"}
        )
    sys.exit(main())
