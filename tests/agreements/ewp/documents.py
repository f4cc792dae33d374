"""Documents of EWP as tests need them: written out as text, so that every character is theirs."""

from pathlib import Path
from typing import Any

from services.agreements.gateways.ewp.documents import NAMESPACE, Document, read

SAMPLES = Path(__file__).parent / "samples"
OURS, THEIRS = "hust.example.vn", "uni.example.de"

STUDENTS = {"total-months-per-year": "10", "blended": "false", "eqf-level": ["6", "7"]}
STAFF = {"total-days-per-year": "5"}
SKILL = "<language>en</language><cefr-level>B2</cefr-level>"
AREA = "<isced-f-code>0714</isced-f-code>"
ORDER = (
    "sending-hei-id",
    "sending-ounit-id",
    "sending-contact",
    "receiving-hei-id",
    "receiving-ounit-id",
    "receiving-contact",
    "receiving-first-academic-year-id",
    "receiving-last-academic-year-id",
    "mobilities-per-year",
    "recommended-language-skill",
    "subject-area",
    "other-info-terms",
    "total-months-per-year",
    "total-days-per-year",
    "blended",
    "eqf-level",
)


def sample(name: str) -> bytes:
    """The bytes of a stored document."""
    return (SAMPLES / f"{name}.xml").read_bytes()


def condition(kind: str = "student-studies", /, **fields: Any) -> str:
    """One condition; a field is its text, a list of texts, or None where it is to be missing.

    `mobilities_per_year="3"` replaces what stands there otherwise.
    """
    told: dict[str, Any] = {
        "sending-hei-id": OURS,
        "receiving-hei-id": THEIRS,
        "receiving-first-academic-year-id": "2025/2026",
        "receiving-last-academic-year-id": "2028/2029",
        "mobilities-per-year": "2",
        "recommended-language-skill": SKILL,
        "subject-area": AREA,
    }
    told |= STUDENTS if kind.startswith("student") else STAFF
    told |= {name.replace("_", "-"): value for name, value in fields.items()}
    body = "".join(
        f"<{name}>{text}</{name}>" for name in ORDER for text in _several(told.get(name))
    )
    return f"<{kind}-mobility-spec>{body}</{kind}-mobility-spec>"


def _several(value: Any) -> list[str]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def partner(hei: str = OURS, iia_id: str | None = "iia-1", code: str | None = "2025/17") -> str:
    ids = {"iia-id": iia_id, "iia-code": code}
    given = "".join(f"<{name}>{text}</{name}>" for name, text in ids.items() if text is not None)
    return f"<partner><hei-id>{hei}</hei-id>{given}</partner>"


PARTNERS = (partner(), partner(THEIRS, "B-7", "DE 7"))


def agreement(
    *conditions: str,
    partners: tuple[str, ...] = PARTNERS,
    in_effect: str = "true",
    mark: str = "",
    hash_: str = "0" * 64,
) -> str:
    """One `iia`; `mark` stands in the tag around the conditions."""
    return (
        f"<iia>{''.join(partners)}<in-effect>{in_effect}</in-effect>"
        f"<cooperation-conditions{mark}>{''.join(conditions or [condition()])}"
        f"</cooperation-conditions><iia-hash>{hash_}</iia-hash></iia>"
    )


def document(*agreements: str, before: str = "") -> bytes:
    """The bytes of a whole document."""
    return (
        f'{before}<iias-get-response xmlns="{NAMESPACE}">{"".join(agreements)}</iias-get-response>'
    ).encode()


def of(*conditions: str, **rest: Any) -> Document:
    """A document of one agreement with these conditions, read."""
    return read(document(agreement(*conditions, **rest)))
