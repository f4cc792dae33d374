"""The tables of docs/spreadsheets.md, from what the services say of their registers.

`python -m tests.support.sheets_page` writes them; a test looks whether they are as written.
"""

from pathlib import Path

from services.program.registers import REGISTERS
from shared.sheets.explaining import explained
from shared.sheets.layout import Layout

PAGE = Path(__file__).parents[2] / "docs" / "spreadsheets.md"
_FROM_HERE = "<!-- From here on by `make contracts`. -->\n"
_ALL = ("ref", "unit", "shared_with", "illustrative", "note")


def written() -> str:
    """The page as it should be: its own text, and the tables."""
    text, mark, _ = PAGE.read_text(encoding="utf-8").partition(_FROM_HERE)
    if not mark:
        raise ValueError(f"{PAGE} has no line {_FROM_HERE!r}")
    return text + mark + "".join(_section(layout) for layout in REGISTERS.values())


def _section(layout: Layout) -> str:
    names = " · ".join(layout.title.values())
    lines = [f"\n## {layout.name}\n", f"{names}.\n", "| column | vi, zh | what may stand in it |"]
    lines.append("| --- | --- | --- |")
    for column in layout.columns.values():
        if column.name in _ALL and layout.name != "rankings":
            continue
        needed = "**" if column.required else ""
        others = f"{column.labels['vi']}, {column.labels['zh']}"
        holds = explained(column, "en", layout.words).replace("|", "\\|")
        lines.append(f"| {needed}`{column.name}`{needed} | {others} | {holds} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
