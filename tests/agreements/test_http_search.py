"""The search box: by what somebody remembers, the likeliest first."""

from typing import Any

import pytest

from tests.agreements.office import TOLD_PARTNER, Office

PARTNERS: list[dict[str, Any]] = [
    {
        "ref": "NUT",
        "name": "Nagaoka University of Technology",
        "aliases": ["長岡技術科学大学"],
        "identifiers": [{"scheme": "ror", "value": "00ntfnx83"}],
    },
    {"ref": "NU", "name": "Nagaoka University", "aliases": ["長岡大学"]},
    {"ref": "TLU", "name": "Trường Đại học Thủy lợi", "country": "VN", "aliases": ["TLU"]},
    {"ref": "GU", "name": "Gdańsk University of Technology", "country": "PL"},
    {"ref": "LODZ", "name": "Politechnika Łódzka", "country": "PL"},
    {
        "ref": "CMU",
        "name": "Chiang Mai University",
        "aliases": ["มหาวิทยาลัยเชียงใหม่"],
        "country": "TH",
    },
    {"ref": "SNU", "name": "서울대학교", "country": "KR"},
    {"ref": "MGU", "name": "Московский государственный университет", "country": "RU"},
    {"ref": "CAIRO", "name": "جامعة القاهرة", "country": "EG"},
    {"ref": "DU", "name": "दिल्ली विश्वविद्यालय", "country": "IN"},
    {
        "ref": "UGM",
        "name": "University of Greater Manchester",
        "country": "GB",
        "names": [
            {"name": "University of Bolton", "valid_until": "2024-12-01"},
            {"name": "University of Greater Manchester", "valid_from": "2024-12-02"},
        ],
    },
]


TYPED = [
    ("00ntfnx83", "NUT", "id"),
    ("https://ror.org/00NTFNX83", "NUT", "id"),
    ("LODZ", "LODZ", "id"),
    ("Nagaoka University", "NU", "name"),
    ("nagaoka university of", "NUT", "prefix"),
    ("nagao", "NU", "prefix"),
    ("technology nagaoka", "NUT", "words"),
    ("gaoka", "NU", "part"),
    ("nagoaka tecnology", "NUT", "like"),
    ("長岡", "NU", "prefix"),
    ("長岡大学", "NU", "name"),
    ("长冈技术科学大学", "NUT", "name"),
    ("技術科学", "NUT", "part"),
    ("dai hoc thuy loi", "TLU", "words"),
    ("thuy loi", "TLU", "words"),
    ("thuỷ lợi", "TLU", "words"),
    ("thuyy loi", "TLU", "like"),
    ("gdansk", "GU", "prefix"),
    ("gdasnk", "GU", "like"),
    ("lodzka", "LODZ", "words"),
    ("bolton", "UGM", "words"),
    ("University of Bolton", "UGM", "name"),
    ("univercity of boltn", "UGM", "like"),
    ("เชียงใหม่", "CMU", "part"),
    ("서울", "SNU", "prefix"),
    ("московск", "MGU", "prefix"),
    ("масковский", "MGU", "like"),
    ("القاهرة", "CAIRO", "words"),
    ("दिल्ली", "DU", "prefix"),
]
"""What is typed, which one is meant, and how it fits."""


@pytest.fixture
async def register(office: Office) -> Office:
    for told in PARTNERS:
        await office.put(f"/records/partners/{told['ref']}", 201, **TOLD_PARTNER | told)
    return office


async def test_what_was_typed_is_found_first(register: Office) -> None:
    wrong = []
    for typed, first, fits in TYPED:
        found = (await register.get("/partners/search", q=typed))["items"]
        if [(each["partner"]["ref"], each["fits"]) for each in found][:1] != [(first, fits)]:
            wrong.append((typed, [(each["partner"]["ref"], each["fits"]) for each in found]))
    assert wrong == []


async def test_nothing_like_anything_finds_nothing(register: Office) -> None:
    for typed in ("zzxqy", "%", "_", "---"):
        assert (await register.get("/partners/search", q=typed))["items"] == []


async def test_a_search_is_narrowed_and_merged_ones_come_last(register: Office) -> None:
    async def found(**asked: Any) -> list[str]:
        items = (await register.get("/partners/search", **asked))["items"]
        return [each["partner"]["ref"] for each in items]

    assert await found(q="nagaoka") == ["NU", "NUT"]
    assert await found(q="nagaoka", limit=1) == ["NU"]
    assert await found(q="technology", country="PL") == ["GU"]
    assert await found(q="technology", country="PL", kind="company") == []
    ids = {each["ref"]: each["id"] for each in (await register.get("/partners"))["items"]}
    merger = {"kind": "duplicate", "on": "2025-11-01", "reason": "one"}
    await register.post(f"/partners/{ids['NU']}/merger", into=ids["NUT"], **merger)
    assert await found(q="nagaoka university") == ["NUT", "NU"]
