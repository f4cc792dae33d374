"""What a caller knows of the record that its request names: `If-Match`, and `If-None-Match: *`.

A record's version is its ETag. A change that names the version its sender has seen is applied to
that one or not at all, so that nobody writes over what they never read.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shared.errors import Rejected

__all__ = ["Expectation", "etag", "expectation", "knows"]

_TAGS = re.compile(r"\s*(?:\*|{tag}(?:\s*,\s*{tag})*)\s*".format(tag=r'(?:W/)?"[^"]*"'))
_VERSIONS = re.compile(r'"(\d{1,9})(?:-[a-z]+)?"')
"""A proxy that compresses an answer marks its tag: `W/"3"`, `"3-gzip"`. It is the same record."""


@dataclass(slots=True)
class Expectation:
    """What must hold of the record that the path or the query names, before it is changed."""

    path: str
    values: frozenset[str]
    versions: frozenset[int] | None = None
    """One of these; None: whichever."""
    absent: bool = False
    """It must not be there."""
    compared: bool = False

    def names(self, values: Iterable[object]) -> bool:
        """True if the request says all of these values in its path or query."""
        return all(f"/{value}/" in f"{self.path}/" or str(value) in self.values for value in values)

    def compare(self, kind: str, version: int | None) -> None:
        """Compare with the record as it was found (None: there is none), the first time only.

        Raises Rejected("version-differs", 412) or Rejected("record-exists", 412).
        """
        if self.compared:
            return
        self.compared = True
        if self.absent and version is not None:
            raise Rejected(
                "record-exists",
                f"there is such a {kind} already, at version {version}: it was not to be changed",
                field="If-None-Match",
                status=412,
            )
        if not self.absent and version is None:
            raise Rejected(
                "version-differs", f"there is no such {kind} yet", field="If-Match", status=412
            )
        if self.versions is not None and version not in self.versions:
            raise Rejected(
                "version-differs",
                f"the {kind} is at version {version} now: load it, and decide again",
                field="If-Match",
                status=412,
            )

    def must_have_been_compared(self) -> None:
        """Raises Rejected("version-not-compared", 422): what was asked is not passed over."""
        if not self.compared:
            raise Rejected(
                "version-not-compared",
                "this request changes no record that has a version; send it without this header",
                field="If-None-Match" if self.absent else "If-Match",
                status=422,
            )


def expectation(
    path: str, values: Iterable[str], *, if_match: str | None, if_none_match: str | None
) -> Expectation | None:
    """What the headers of a change expect; None where they say nothing.

    Raises Rejected("precondition-malformed", 400).
    """
    if if_match is None and if_none_match is None:
        return None
    if if_match is not None and if_none_match is not None:
        raise _malformed("If-Match", "send If-Match or If-None-Match, not both")
    if if_match is None:
        if (if_none_match or "").strip() != "*":
            raise _malformed("If-None-Match", 'with a change it can be `*` only: "not there yet"')
        return Expectation(path, frozenset(values), absent=True)
    if _TAGS.fullmatch(if_match) is None:
        raise _malformed("If-Match", 'write it as the ETag was: `"3"`, or `*`')
    versions = None if if_match.strip() == "*" else frozenset(_versions(if_match))
    return Expectation(path, frozenset(values), versions)


def etag(version: int) -> str:
    """How a version is written as an entity tag."""
    return f'"{version}"'


def knows(if_none_match: str | None, version: int) -> bool:
    """True if whoever asks has this version already.

    Raises Rejected("precondition-malformed", 400).
    """
    if if_none_match is None:
        return False
    if _TAGS.fullmatch(if_none_match) is None:
        raise _malformed("If-None-Match", 'write it as the ETag was: `"3"`, or `*`')
    return if_none_match.strip() == "*" or version in _versions(if_none_match)


def _versions(tags: str) -> list[int]:
    return [int(each) for each in _VERSIONS.findall(tags)]


def _malformed(header: str, why: str) -> Rejected:
    return Rejected("precondition-malformed", why, field=header, status=400)
