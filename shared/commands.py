"""`python -m services.<service>`: the commands every service has."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Any

import typer
import uvloop
from pydantic import ValidationError

from shared import failpoints, observing
from shared.migrating import upgrade
from shared.reference import ReferenceInvalid
from shared.service import Service
from shared.settings import Settings

__all__ = ["command_line"]


def command_line(
    name: str, build: Callable[[Any], Service], *, settings: type[Settings] = Settings
) -> typer.Typer:
    """The command line of one service. `build` is its wiring; nothing is opened before `run`."""
    app = typer.Typer(
        name=name, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
    )

    def read_settings() -> Settings:
        try:
            read = settings()
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False):
                place = "_".join(str(part) for part in each["loc"]).upper()
                typer.echo(f"{name}: setting RAPPORT_{place}: {each['msg']}", err=True)
            raise typer.Exit(2) from None
        observing.configure(service=name, level=read.log_level, format=read.log_format)
        return read

    @app.command()
    def run() -> None:
        """Run the service until SIGTERM: HTTP, relay, consumer, jobs."""
        read = read_settings()
        failpoints.arm()
        try:
            service = build(read)
        except ReferenceInvalid as error:
            typer.echo(f"{name}: {error}", err=True)
            raise typer.Exit(2) from None
        uvloop.run(service.serve())

    @app.command()
    def migrate() -> None:
        """Bring the service's database to its newest migration."""
        asyncio.run(upgrade(name, read_settings().database_url.get_secret_value()))
        typer.echo(f"{name}: the database is up to date")

    @app.command(epilog=f"Example: python -m services.{name} rebuild --compare")
    def rebuild(
        projection: Annotated[
            str | None, typer.Option(help="Only this one: a topic, or a table that it fills.")
        ] = None,
        compare: Annotated[
            bool, typer.Option("--compare", help="Do not switch; 1 if there is a difference.")
        ] = False,
        fresh: Annotated[
            bool, typer.Option("--fresh", help="Throw away what an interrupted one has filled.")
        ] = False,
    ) -> None:
        """Fill projections anew from their topics, beside the live ones; compare; switch.

        The live ones serve all along. It can be interrupted: the same command goes on. Exit code 1:
        nothing was switched, or `--compare` found a difference.
        """
        from shared.rebuild import rebuild_all  # only here: it is run once in a while

        read = read_settings()
        quiet = "debug" if read.log_level == "debug" else "warning"
        observing.configure(service=name, level=quiet, format="console")
        raise typer.Exit(
            rebuild_all(build(read), projection=projection, fresh=fresh, only_compare=compare)
        )

    @app.command()
    def openapi(
        indent: Annotated[int, typer.Option(help="Spaces of indentation.")] = 2,
    ) -> None:
        """Print the OpenAPI description of the HTTP interface."""
        typer.echo(json.dumps(build(read_settings()).app.openapi(), indent=indent))

    return app
