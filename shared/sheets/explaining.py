"""What may stand in a column, said to a person in one of three languages."""

from importlib.resources import files

import yaml

from shared.sheets.cells import Codes, Kind, Many, One, Parts
from shared.sheets.layout import Column
from shared.sheets.naming import LANGUAGES, Language, Words

__all__ = ["explained", "head"]

_TEXTS: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (files("shared.sheets") / "texts.yaml").read_text(encoding="utf-8")
)


def head(name: str, language: Language) -> str:
    """A word of the template."""
    return _TEXTS["heads"][name][LANGUAGES.index(language)]


def explained(column: Column, language: Language, words: Words) -> str:
    """What may stand in the column: its kind, its parts, its words."""
    return _explained(column.kind, language, words)


def _explained(kind: Kind, language: Language, words: Words) -> str:
    if isinstance(kind, Many):
        inner = _explained(kind.kind, language, words)
        return f"{_said(kind.name, language)}: {inner}"
    if isinstance(kind, One):
        return _explained(kind.kind, language, words)
    if isinstance(kind, Parts):
        names = " | ".join(_named(name, language, words) for name in kind.parts)
        lists = [
            f"{_named(name, language, words)}: {_words(each, language, words)}"
            for name, each in kind.parts.items()
            if isinstance(each, Codes)
        ]
        return "; ".join([f"{_said('parts', language)}: {names}", *lists])
    if isinstance(kind, Codes):
        return f"{_said('codes', language)}: {_words(kind, language, words)}"
    return _said(kind.name, language)


def _words(kind: Codes, language: Language, words: Words) -> str:
    return ", ".join(_named(code, language, words) for code in kind.codes)


def _named(word: str, language: Language, words: Words) -> str:
    """The lasting word, and what it is called in the language."""
    said = words.said(word, language)
    return word if said == word else f"{word} ({said})"


def _said(name: str, language: Language) -> str:
    return _TEXTS["kinds"][name][LANGUAGES.index(language)]
