"""Countries, as ISO lists them."""

from functools import cache

import pycountry

from shared.errors import Rejected

__all__ = ["must_be_a_country"]

_USED_WITHOUT_ISO = frozenset({"XK"})  # Kosovo: assigned by its users, and used by universities


@cache
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries) | _USED_WITHOUT_ISO


def must_be_a_country(code: str, *, field: str) -> None:
    """Raises Rejected("country-unknown", 422)."""
    if code not in _countries():
        raise Rejected(
            "country-unknown",
            f"{code!r} is not a country of ISO 3166-1 (two letters, such as VN)",
            field=field,
            status=422,
        )
