"""What a service of ours is started with here."""

from collections.abc import Mapping

from benchmarks.place import Place

__all__ = ["environment_of", "settings_in"]

_UNITS = """
units:
  - {id: hust, name: A university of technology, zone: Asia/Ho_Chi_Minh, country: VN}
  - {id: hust/me, name: School of Mechanical Engineering}
  - {id: hust/ee, name: School of Electrical and Electronic Engineering}
  - {id: hust/soict, name: School of Information and Communication Technology}
  - {id: hust/sem, name: School of Economics and Management}
"""


def settings_in(place: Place, dsn: str, prefix: str) -> dict[str, str]:
    """The plumbing's settings (`shared.settings`), by their names there."""
    reference = place.folder / "units.yaml"
    if not reference.exists():
        reference.write_text(_UNITS)
    return {
        "database_url": dsn,
        "kafka_servers": place.kafka,
        "topic_prefix": prefix,
        "token_key": "a key of benchmarks, longer than 32 bytes",
        "parking_key": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "personal_key": "YSBrZXkgb2YgdGVzdHMgZm9yIHBlcnNvbmFsIGRhdGE=",
        "reference": str(reference),
    }


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """The same, as a process reads them."""
    return {f"RAPPORT_{name.upper()}": value for name, value in settings.items()}
