"""`python -m services.notify`: run, migrate, openapi."""

from services.notify.settings import Settings
from services.notify.wiring import build
from shared.commands import command_line

if __name__ == "__main__":
    command_line("notify", build, settings=Settings)()
