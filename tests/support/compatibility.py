"""What a change of a JSON Schema breaks: compared structurally, the stored one with the new one.

Two kinds of readers must go on working. Those of old messages (a replay of the journal) break when
less is taken: a field removed or newly required, a type or a limit narrowed. Those who were written
for the old schema break when they no longer find what they were promised: a required field that may
now be absent or null, another type. They must bear new optional fields, new words in an enumeration
and wider limits, and so these are not named.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

_LEAST = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
_MOST = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
_EXACT = ("pattern", "format", "uniqueItems", "multipleOf")
_NULL = {"type": "null"}


def incompatible(old: Schema, new: Schema, *, only_read: bool = False) -> list[str]:
    """Sentences, each beginning with the JSON path of what breaks; [] if nothing does.

    `only_read`: others send it and we read it, so that it may be widened in any way.
    """
    return list(dict.fromkeys(_Comparison(old, new, only_read).of(old, new, "$")))


class _Comparison:
    def __init__(self, old: Schema, new: Schema, only_read: bool) -> None:
        self._roots = (old, new)
        self._only_read = only_read

    def of(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        old, new = _resolved(old, self._roots[0]), _resolved(new, self._roots[1])
        before, after = _ways(old, self._roots[0]), _ways(new, self._roots[1])
        if _NULL in before and _NULL not in after:
            yield f"{at}: may no longer be null"
        if _NULL in after and _NULL not in before and not self._only_read:
            yield f"{at}: may now be null"
        before = [way for way in before if way != _NULL]
        after = [way for way in after if way != _NULL]
        if len(before) == len(after) == 1:
            yield from self._one(before[0], after[0], at)
            return
        for way in before:
            if not any(self._fits(way, other, at) for other in after):
                yield f"{at}: one of its alternatives is gone"
        for way in after:
            if not self._only_read and not any(self._fits(other, way, at) for other in before):
                yield f"{at}: has an alternative that nobody knew"

    def _fits(self, old: Schema, new: Schema, at: str) -> bool:
        return next(self._one(old, new, at), None) is None

    def _one(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        if old.get("type") != new.get("type"):
            widened = old.get("type") == "integer" and new.get("type") == "number"
            if not (self._only_read and (widened or "type" not in new)):
                yield f"{at}: was {_named(old)}, is {_named(new)}"
            return
        yield from _words(old, new, at)
        yield from _limits(old, new, at)
        yield from self._fields(old, new, at)
        yield from self._items(old, new, at)

    def _fields(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        had, has = set(old.get("required", ())), set(new.get("required", ()))
        for name in before:
            if name not in after:
                yield f"{at}.{name}: is gone"
                continue
            if name in has - had:
                yield f"{at}.{name}: is now required"
            if name in had - has and not self._only_read:
                yield f"{at}.{name}: may now be absent"
            yield from self.of(before[name], after[name], f"{at}.{name}")
        for name in has - set(before):
            yield f"{at}.{name}: is new, and required"
        rest_before = old.get("additionalProperties", True)
        rest_after = new.get("additionalProperties", True)
        if rest_after is False and rest_before is not False:
            yield f"{at}: no longer takes fields of other names"
        elif isinstance(rest_after, Mapping) and isinstance(rest_before, Mapping):
            yield from self.of(rest_before, rest_after, f"{at}.*")
        elif isinstance(rest_after, Mapping) and rest_before is True:
            yield f"{at}.*: no longer takes any value"

    def _items(self, old: Schema, new: Schema, at: str) -> Iterator[str]:
        if "items" in new:
            if "items" not in old:
                yield f"{at}[]: no longer takes any value"
            elif isinstance(old["items"], Mapping) and isinstance(new["items"], Mapping):
                yield from self.of(old["items"], new["items"], f"{at}[]")
        first, later = old.get("prefixItems", ()), new.get("prefixItems", ())
        if len(first) != len(later):
            yield f"{at}: had {len(first)} fixed places, has {len(later)}"
        for place, (one, other) in enumerate(zip(first, later, strict=False)):
            yield from self.of(one, other, f"{at}[{place}]")


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The schema that a local `$ref` names, with what stands beside the `$ref`."""
    while "$ref" in schema:
        found: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = {**found, **{name: each for name, each in schema.items() if name != "$ref"}}
    return schema


def _ways(schema: Schema, root: Schema) -> list[Schema]:
    """The alternatives of a schema; itself, where there is one only."""
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return [way for each in schema[word] for way in _ways(_resolved(each, root), root)]
    if isinstance(schema.get("type"), list):
        return [_NULL if one == "null" else {**schema, "type": one} for one in schema["type"]]
    return [_NULL if schema.get("type") == "null" else schema]


def _words(old: Schema, new: Schema, at: str) -> Iterator[str]:
    allowed = _enumerated(new)
    if allowed is None:
        return
    known = _enumerated(old)
    if known is None:
        yield f"{at}: takes only certain values now"
        return
    for value in known:
        if value not in allowed:
            yield f"{at}: no longer takes {value!r}"


def _enumerated(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _limits(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for word in _LEAST:
        if word in new and (word not in old or new[word] > old[word]):
            yield f"{at}: {word} was {old.get(word, 'not limited')}, is {new[word]}"
    for word in _MOST:
        if word in new and (word not in old or new[word] < old[word]):
            yield f"{at}: {word} was {old.get(word, 'not limited')}, is {new[word]}"
    for word in _EXACT:
        if word in new and new[word] != old.get(word):
            yield f"{at}: {word} was {old.get(word, 'not limited')}, is {new[word]}"


def _named(schema: Schema) -> str:
    return str(schema.get("type", "any value"))
