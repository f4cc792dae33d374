"""Countries and currencies, as ISO lists them."""

from functools import cache

import pycountry

from shared.errors import Rejected

_USED_WITHOUT_ISO = frozenset({"XK"})  # Kosovo: assigned by its users, and used by universities


@cache
def _countries() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries) | _USED_WITHOUT_ISO


@cache
def _currencies() -> frozenset[str]:
    return frozenset(currency.alpha_3 for currency in pycountry.currencies)


def must_be_a_country(code: str, *, field: str) -> None:
    """Raises Rejected("country-unknown", 422)."""
    if code not in _countries():
        raise Rejected(
            "country-unknown",
            f"{code!r} is not a country of ISO 3166-1 (two letters, such as VN)",
            field=field,
            status=422,
        )


def must_be_a_currency(code: str, *, field: str) -> None:
    """Raises Rejected("currency-unknown", 422)."""
    if code not in _currencies():
        raise Rejected(
            "currency-unknown",
            f"{code!r} is not a currency of ISO 4217 (three letters, such as JPY)",
            field=field,
            status=422,
        )
