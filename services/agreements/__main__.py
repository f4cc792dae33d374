"""`python -m services.agreements`: run, migrate, openapi."""

from services.agreements.settings import Settings
from services.agreements.wiring import build
from shared.commands import command_line

if __name__ == "__main__":
    command_line("agreements", build, settings=Settings)()
