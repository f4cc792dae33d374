"""`python -m services.mobility`: run, migrate, openapi, contracts."""

from pathlib import Path

import typer

from services.mobility import contracts
from services.mobility.settings import Settings
from services.mobility.wiring import build
from shared.commands import command_line

app = command_line("mobility", build, settings=Settings)


@app.command("contracts")
def write_contracts() -> None:
    """Write the JSON Schemas of upstream events anew, from the code."""
    folder = Path(contracts.__file__).parent
    for name, text in contracts.generated().items():
        (folder / name).write_text(text, encoding="utf-8")
        typer.echo(folder / name)


if __name__ == "__main__":
    app()
