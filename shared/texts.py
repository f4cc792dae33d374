"""Words with limits: what people type, cleaned and measured, and codes of fixed form."""

import re
import unicodedata
from typing import Annotated

from pydantic import BeforeValidator, Field, StringConstraints

__all__ = ["Cleaned", "CountryCode", "IscedField", "Line", "PersonRef", "Text", "UnitPath"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_OVERRIDE = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def _cleaned(text: object) -> object:
    """NFC, trimmed; raises ValueError on control and direction-override characters.

    What is not a text is left to whoever asks for one.
    """
    if not isinstance(text, str):
        return text
    composed = unicodedata.normalize("NFC", text).strip()
    if _CONTROL.search(composed):
        raise ValueError("the text holds a control character")
    if _OVERRIDE.search(composed):
        raise ValueError("the text holds a character that overrides its direction")
    return composed


Cleaned = BeforeValidator(_cleaned)
"""Before a text is measured: blanks around it are no part of it, and one of blanks is empty."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=500), Cleaned]
Text = Annotated[str, StringConstraints(min_length=1, max_length=8000), Cleaned]
CountryCode = Annotated[
    str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")
]
UnitPath = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(/[a-z0-9-]+)*$", max_length=200)]
PersonRef = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,64}$"),
    Field(description="Stands for a person; never a name or an address."),
]
IscedField = Annotated[
    str, StringConstraints(pattern=r"^\d{4}$"), Field(description="ISCED-F 2013, four digits.")
]
