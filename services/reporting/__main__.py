"""`python -m services.reporting`: run, migrate, openapi."""

from services.reporting.settings import Settings
from services.reporting.wiring import build
from shared.commands import command_line

if __name__ == "__main__":
    command_line("reporting", build, settings=Settings)()
