"""How this service reads others' facts: only the fields it needs, each of them optional."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Read", "Record"]


class Read(BaseModel):
    """A part of somebody's fact; what is not named here is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Record(Read):
    """What every record has: whose it is, and what the office says beside it."""

    unit: str = ""
    shared_with: tuple[str, ...] = ()
    ref: str | None = None
    illustrative: bool = False
