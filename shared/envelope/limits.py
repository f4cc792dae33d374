"""What a record may be: size, shape, encoding; and how a fault is said without its content."""

import json
import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from shared.envelope.records import RawRecord
from shared.errors import Poisoned

__all__ = [
    "MAX_ATTRIBUTE",
    "bounded_headers",
    "digest_in",
    "instant_of",
    "invalid",
    "kind_in",
    "name_in",
    "number_in",
    "path_of",
    "plainly_within_limits",
    "read_json",
]

MAX_RECORD_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_KEYS = 2_000
MAX_STRING_BYTES = 8 * 1024
MAX_HEADERS = 32
MAX_HEADER_BYTES = 8 * 1024
MAX_ATTRIBUTE = 512
_MAX_INT4 = 2_147_483_647


def bounded_headers(record: RawRecord) -> dict[str, bytes]:
    """The headers by name, once size, number and encoding are known to be sound."""
    if record.value is not None and len(record.value) > MAX_RECORD_BYTES:
        raise Poisoned("record-too-large")
    if len(record.headers) > MAX_HEADERS:
        raise Poisoned("headers-too-many", "$.headers")
    headers: dict[str, bytes] = dict(record.headers)  # type: ignore[arg-type]
    if len(headers) != len(record.headers):
        raise Poisoned("header-twice", "$.headers")
    try:
        joined = b"\n".join(headers.values())  # one pass in C over all of them
    except TypeError:  # a header may be null: then the line above said more than is so
        raise Poisoned("header-null", "$.headers") from None
    names = "".join(headers)
    if len(joined) + len(names) > MAX_HEADER_BYTES:
        raise Poisoned("headers-too-large", "$.headers")
    if not names.isascii() and any("\ud800" <= letter <= "\udfff" for letter in names):
        raise Poisoned("header-name-not-utf-8", "$.headers")  # surrogates stand for the bytes
    if not joined.isascii():
        for name, value in headers.items():
            try:
                value.decode()
            except UnicodeDecodeError:
                raise Poisoned("header-not-utf-8", path_of(("headers", name))) from None
    return headers


def name_in(value: bytes, header: str) -> str:
    """Raises Poisoned."""
    text = value.decode()
    if not text or len(text) > MAX_ATTRIBUTE or not text.isprintable():
        raise Poisoned("header-invalid", f"$.headers.{header}")
    return text


@lru_cache(maxsize=4096)
def kind_in(value: bytes, header: str) -> str:
    """`name_in`, for what is said again and again."""
    return name_in(value, header)


@lru_cache(maxsize=4096)
def number_in(value: bytes, header: str) -> int:
    """Raises Poisoned."""
    if not value.isdigit() or len(value) > 10 or not 0 < (number := int(value)) <= _MAX_INT4:
        raise Poisoned("header-invalid", f"$.headers.{header}")
    return number


def digest_in(value: bytes) -> bytes:
    try:
        digest = bytes.fromhex(value.decode())
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise Poisoned("header-invalid", "$.headers.ce_digest")
    return digest


def instant_of(text: str, path: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Poisoned("time-invalid", path) from None
    if instant.tzinfo is None:
        raise Poisoned("time-without-offset", path)
    if instant.tzinfo is UTC:
        return instant
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise Poisoned("time-invalid", path) from None


def plainly_within_limits(data: bytes) -> bool:
    """True if counting bytes shows that `read_json` would find nothing.

    No text is longer than all, and so short an object has no room for too many keys.
    """
    return (
        len(data) <= MAX_STRING_BYTES
        and data.count(b"{") + data.count(b"[") <= MAX_DEPTH
        and b"\\u" not in data
        and b"NaN" not in data
        and b"Infinity" not in data
    )


def read_json(data: bytes) -> Any:
    """Strict JSON within our limits, as Python values. Raises Poisoned.

    Refused: over 256 KiB, 32 levels, 2 000 keys, strings over 8 KiB; NaN and infinities; a key
    twice in one object; lone surrogates; NUL.
    """
    if len(data) > MAX_RECORD_BYTES:
        raise Poisoned("record-too-large")
    try:
        value = json.loads(data.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise Poisoned("json-not-utf-8") from None
    except RecursionError:
        raise Poisoned("json-too-deep") from None
    except ValueError:
        raise Poisoned("json-invalid") from None
    keys = 0
    for path, item in _walk(value):
        if len(path) >= MAX_DEPTH and isinstance(item, (dict, list)):
            raise Poisoned("json-too-deep", path_of(path))
        if isinstance(item, str):
            _check_text(item, path)
        elif isinstance(item, float) and not math.isfinite(item):
            raise Poisoned("json-not-finite", path_of(path))
        elif isinstance(item, dict):
            keys += len(item)
            if keys > MAX_KEYS:
                raise Poisoned("json-too-many-keys", path_of(path))
            for key in item:
                _check_text(key, path)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Poisoned("json-key-twice")
    return members


def _no_constant(_name: str) -> Any:
    raise Poisoned("json-not-finite")


def _check_text(text: str, path: tuple[str | int, ...]) -> None:
    if "\0" in text:
        raise Poisoned("json-nul", path_of(path))
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Poisoned("json-lone-surrogate", path_of(path)) from None
    if size > MAX_STRING_BYTES:
        raise Poisoned("json-string-too-long", path_of(path))


def _walk(value: Any) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value with its path, the root first; without recursion."""
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        yield path, item
        if isinstance(item, dict):
            stack.extend(((*path, key), child) for key, child in item.items())
        elif isinstance(item, list):
            stack.extend(((*path, index), child) for index, child in enumerate(item))


_SPEAKABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def path_of(location: Sequence[str | int], root: str = "$") -> str:
    """`("parties", 0, "side")` -> `$.parties[0].side`. A key that is no plain name shows as `*`:
    keys are the sender's, and may be anything."""
    path = root
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if _SPEAKABLE.fullmatch(part) else ".*"
    return path


def invalid(error: ValidationError, root: str) -> Poisoned:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    return Poisoned(f"data-invalid:{first['type']}", path_of(first["loc"], root))
