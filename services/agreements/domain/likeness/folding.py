"""A name without what people write now one way and now another: case, accents, width, dots."""

import re
import unicodedata
from functools import lru_cache
from typing import Literal, TypeAlias

Script: TypeAlias = Literal["latin", "han", "other"]

_BY_HAND = str.maketrans(
    {
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ø": "o",
        "ı": "i",  # noqa: RUF001  the letter without a dot is meant
        "ħ": "h",
        "ŋ": "n",
        "þ": "th",
        "æ": "ae",
        "œ": "oe",
        "ß": "ss",
        "ə": "a",
        # one sign for what China, Taiwan and Japan write differently in names of institutions
        "學": "学",
        "國": "国",
        "臺": "台",
        "灣": "湾",
        "東": "东",
        "師": "师",
        "範": "范",
        "業": "业",
        "農": "农",
        "醫": "医",
        "華": "华",
        "廣": "广",
        "長": "长",
        "岡": "冈",
        "門": "门",
        "関": "关",
        "關": "关",
        "科": "科",
        "術": "术",
        "藝": "艺",
        "芸": "艺",
        "經": "经",
        "経": "经",
        "濟": "济",
        "済": "济",
        "電": "电",
        "機": "机",
        "語": "语",
        "聯": "联",
        "連": "连",
        "漢": "汉",
        "龍": "龙",
        "應": "应",
        "応": "应",
        "義": "义",
        "環": "环",
        "資": "资",
        "團": "团",
        "団": "团",
        "會": "会",
        "總": "总",
        "實": "实",
        "実": "实",
    }
)
"""Letters that Unicode does not take apart, and signs with two shapes."""

_WORDS = re.compile(r"[^\W_]+(?:[\u0900-\u0dff\u0e00-\u0e7f\u1780-\u17ff]+[^\W_]*)*")
"""Letters and digits; vowel signs of Indian scripts, Thai and Khmer are no letters for Python."""
_APOSTROPHES = re.compile("['\u2019\u02bc`\u00b4]")
_COMPANY = re.compile("\\(株\\)|㈱|（株）")  # noqa: RUF001  as Japanese companies are abbreviated
_DOTTED = re.compile(r"\b(\w)\.(?=\w\b)")


@lru_cache(maxsize=65536)
def folded(name: str) -> str:
    """`Trường Đại học Thủy-lợi` -> `truong dai hoc thuy loi`; `M.I.T.` -> `mit`."""
    apart = unicodedata.normalize("NFKD", _COMPANY.sub("株式会社", name)).casefold()
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    # together again, so that a Korean syllable is one sign and counts as one
    whole = unicodedata.normalize("NFC", bare).translate(_BY_HAND)
    joined = _DOTTED.sub(r"\1", _APOSTROPHES.sub("", whole))
    return " ".join(_WORDS.findall(joined))


@lru_cache(maxsize=65536)
def script_of(text: str) -> str:
    """The script that most of its letters are in: only names of one script are compared."""
    counts: dict[str, int] = {}
    for each in text:
        if each.isalpha():
            script = _script(ord(each))
            counts[script] = counts.get(script, 0) + 1
    return max(counts, key=lambda each: counts[each], default="latin")


_RANGES = (
    (0x0250, "latin"),
    (0x0400, "greek"),
    (0x0530, "cyrillic"),
    (0x0590, "armenian"),
    (0x0600, "hebrew"),
    (0x0900, "arabic"),
    (0x0E00, "indic"),
    (0x0E80, "thai"),
    (0x1100, "other"),
    (0x1200, "hangul"),
    (0x1E00, "other"),
    (0x1F00, "latin"),
    (0x2000, "greek"),
    (0x2E80, "other"),
    (0xA000, "han"),
    (0xAC00, "other"),
    (0xD7B0, "hangul"),
    (0xF900, "other"),
    (0xFB00, "han"),
)


def _script(point: int) -> str:
    return next((script for end, script in _RANGES if point < end), "other")


UNSPACED = frozenset({"han", "hangul", "thai"})
"""Scripts that write a name without spaces between its words, or as the writer likes."""
