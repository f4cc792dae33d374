"""`rapport`, also `python -m services`: the system as one program."""

from services.program.cli import app


def main() -> None:
    """What the console script runs."""
    app()


if __name__ == "__main__":
    main()
