"""The closed set of failures. Everything that goes wrong on purpose is one of these three.

    Exception
    ├── Rejected    a rule of the domain says no      HTTP: 4xx with a stable code; upstream: parked
    ├── Transient   database or broker is away        HTTP: 503; messages: wait and retry in place
    └── Poisoned    a record that can never be read   messages only: parked with a reason and a path

Any other exception is a bug of ours and is treated as one.
"""

__all__ = ["Poisoned", "Rejected", "Transient"]


class Rejected(Exception):
    """A rule says no. Nothing was changed.

    `code` is stable and kebab-case (clients switch on it); `message` is for the person who must
    act; `field` is the JSON path of the input that was wrong, if one was; `status` is the HTTP
    status that says it best.
    """

    def __init__(
        self, code: str, message: str, *, field: str | None = None, status: int = 409
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.field = field
        self.status = status


class Transient(Exception):
    """Something we lean on is away; the same work will succeed later."""


class Poisoned(Exception):
    """A record that no retry can make readable.

    Holds a reason code and a JSON path, never the content: content may hold personal data.
    """

    def __init__(self, code: str, path: str = "$") -> None:
        super().__init__(f"{code} at {path}")
        self.code = code
        self.path = path
