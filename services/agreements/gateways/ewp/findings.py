"""What is found wrong with a document: where, what, and what to do."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ["Finding", "errors_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, or odd. `code` is stable; `do` is for the person who mends it."""

    code: str
    severity: Literal["error", "warning"]
    line: int
    path: str
    what: str
    do: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def errors_of(findings: Iterable[Finding]) -> list[Finding]:
    """Those that make a document invalid."""
    return [finding for finding in findings if finding.severity == "error"]
