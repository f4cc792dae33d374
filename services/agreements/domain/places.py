"""Countries, currencies and languages, as ISO lists them."""

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


@cache
def _languages() -> frozenset[str]:
    each = [
        (language.alpha_3, getattr(language, "alpha_2", "")) for language in pycountry.languages
    ]
    return frozenset(code for codes in each for code in codes if code)


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


def must_be_a_language(tag: str, *, field: str) -> None:
    """The language of a tag of BCP 47 is one of ISO 639. Raises Rejected("language-unknown")."""
    language = tag.split("-", 1)[0]
    if language not in _languages():
        raise Rejected(
            "language-unknown",
            f"{language!r} is not a language of ISO 639 (two or three letters, such as vi or zh)",
            field=field,
            status=422,
        )
