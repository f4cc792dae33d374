"""`python -m services.visits`: run, migrate, openapi."""

from services.visits.settings import VisitsSettings
from services.visits.wiring import build
from shared.commands import command_line

if __name__ == "__main__":
    command_line("visits", build, settings=VisitsSettings)()
