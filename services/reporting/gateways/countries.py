"""Names of countries, from the Unicode locale data."""

from functools import lru_cache

from babel import Locale

__all__ = ["country_name"]

_OURS = {"TR": "Turkey", "HK": "Hong Kong", "MO": "Macao", "MM": "Myanmar"}
"""Where offices write it shorter than the locale data."""


@lru_cache(maxsize=1)
def _territories() -> dict[str, str]:
    return dict(Locale("en").territories)


def country_name(code: str) -> str:
    """The English name of an ISO 3166 code; the code itself where there is none."""
    return _OURS.get(code) or _territories().get(code, code)
