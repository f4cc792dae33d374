"""How alike names of institutions are, in any script: folded, weighed word by word, compared.

Nothing is transliterated: a name is compared with names in its own script, and aliases are the
bridge from one to another. All of it is pure; the store keeps `keys_of` and asks who shares one.
"""

from services.agreements.domain.likeness.compare import PROPOSED, Called, Likeness, likeness
from services.agreements.domain.likeness.folding import folded
from services.agreements.domain.likeness.keys import keys_of, slips_of
from services.agreements.domain.likeness.typed import SEEN, typed_alike

__all__ = [
    "PROPOSED",
    "SEEN",
    "Called",
    "Likeness",
    "folded",
    "keys_of",
    "likeness",
    "slips_of",
    "typed_alike",
]
