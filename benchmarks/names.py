# ruff: noqa: RUF001  letters of other scripts are meant
"""Institutions of made-up places in many scripts, some entered twice: names with an answer.

`bodies(seed, size)` is always the same for a seed. What is entered again differs as what
people enter does: a slip, another order, no accents, something shortened, another legal form, the
name in the other language, the name of before.
"""

import random
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from services.agreements.domain.likeness import Called, folded, keys_of, likeness

__all__ = ["Body", "Found", "bodies", "find", "true_pairs"]


@dataclass(frozen=True)
class Body:
    """One entry of a register: `body` says which institution it truly is, `how` it differs."""

    called: Called
    body: int
    how: str = ""


@dataclass(frozen=True)
class _Land:
    country: str
    syllables: str
    """Of which names of places are made; a space between each two."""
    forms: tuple[str, ...]
    """How a place becomes an institution: `{}` is the place."""
    latin: bool = True
    joins: str = ""


_LANDS = (
    _Land(
        "GB",
        "ash bourne brad cam dun ed farn glas hamp ing ken lan mar nor ox pres roch shef thorn wex",
        (
            "University of {}",
            "{} University",
            "{} University of Technology",
            "{} Medical University",
            "{} College of Art",
            "Royal Academy of Music {}",
            "{} Systems Ltd",
        ),
    ),
    _Land(
        "DE",
        "bam berg dres el fürth göt hal ingen jülich köln lüne mün nürn öhr pots rhein trier würz",
        (
            "Universität {}",
            "Technische Universität {}",
            "Hochschule {}",
            "Pädagogische Hochschule {}",
            "Hochschule für Musik {}",
            "{} Maschinenbau GmbH",
        ),
    ),
    _Land(
        "FR",
        "angers bé çon dré évry gre île lyon mont nî or poi queu ré sé tou ver yères",
        (
            "Université de {}",
            "École polytechnique de {}",
            "Institut national de {}",
            "École de commerce de {}",
        ),
    ),
    _Land(
        "PL",
        "biał często gdań kra łódź lub ol poz rze śląsk szcze toruń war wroc ziel żyw",
        ("Uniwersytet {}", "Politechnika {}", "Akademia {}", "Uniwersytet Medyczny {}"),
    ),
    _Land(
        "VN",
        "An Bắc Cần Đà Gia Hà Hải Huế Lâm Long Nam Nghệ Phú Quảng Sơn Thái Thủy Tiền Vĩnh Yên",
        (
            "Trường Đại học {}",
            "Đại học Bách khoa {}",
            "Đại học Y Dược {}",
            "Đại học Sư phạm {}",
            "Học viện {}",
            "Công ty Cổ phần {}",
        ),
        joins=" ",
    ),
    _Land(
        "CN",
        "安 北 成 川 大 东 福 贵 广 桂 海 杭 合 衡 湖 华 淮 吉 "
        "济 江 兰 丽 临 辽 洛 南 宁 青 泉 上 深 苏 天 武 厦 新",
        ("{}大学", "{}科技大学", "{}师范大学", "{}医科大学", "{}工业大学", "{}电子有限公司"),
        latin=False,
    ),
    _Land(
        "JP",
        "青 秋 旭 石 茨 岩 宇 愛 大 岡 香 鹿 金 岐 北 京 熊 群 高 "
        "佐 滋 島 千 津 栃 富 鳥 長 名 奈 新 浜 広 福 三 宮 山 横",
        ("{}大学", "{}工業大学", "{}技術科学大学", "{}女子大学", "国立{}大学", "株式会社{}"),
        latin=False,
    ),
    _Land(
        "KR",
        "강 거 경 고 공 광 구 군 김 나 남 대 동 명 목 부 삼 서 성 세 "
        "수 순 아 안 양 여 연 영 울 원 이 인 전 제 창 청 춘 충 평 한",
        ("{}대학교", "{}과학기술대학교", "{}교육대학교", "국립{}대학교", "{}여자대학교"),
        latin=False,
    ),
    _Land(
        "RU",
        "ар бел вла гор дон ека иж каз лен моск ново ом перм рос сам том уфа хаб чел яр",
        (
            "{}ский государственный университет",
            "{}ский технический университет",
            "{}ская академия",
            "ООО {}маш",
        ),
        latin=False,
    ),
    _Land(
        "GR",
        "αθή βόλ γιά δράμ έδεσ ηρά θεσ ιωάν καλα λάρ μυτι νάξ πάτ ρόδ σέρ τρί χαν",
        ("Πανεπιστήμιο {}", "Πολυτεχνείο {}", "Οικονομικό Πανεπιστήμιο {}"),
        latin=False,
    ),
    _Land(
        "EG",
        "اس بن تن جي حل دم رش سو شر صع طن عر فيوم قن كفر منص نيل هرم",
        ("جامعة {}", "معهد {}", "أكاديمية {}"),
        latin=False,
    ),
    _Land(
        "IL",
        "אר בר גל דן הר זי חיפ טב יר כר לוד מוד נצר עכו פת צפ קר רמ שר",
        ("אוניברסיטת {}", "מכון {}", "אקדמיה {}"),
        latin=False,
    ),
    _Land(
        "TH",
        "กรุง ขอน จันท ชล เชียง ตาก นคร บุรี พิษ ภู มหา ยะ ราช ลำ ศรี สุ อุ",
        ("มหาวิทยาลัย{}", "สถาบัน{}", "วิทยาลัย{}"),
        latin=False,
    ),
    _Land(
        "IN",
        "आग इन उद कान गोर चंड जय दिल नाग पट बनार भोप मुं राय लख वार सूर",
        ("{} विश्वविद्यालय", "{} संस्थान", "राष्ट्रीय {} अकादमी"),
        latin=False,
    ),
)
_ENGLISH = ("al", "bar", "cor", "den", "el", "for", "gan", "hol", "in", "jar", "kal", "lor", "quin")
_ENGLISH_FORMS = ("University of {}", "{} University", "{} University of Science", "{} Institute")


def bodies(seed: int, size: int, *, again: float = 0.15) -> list[Body]:
    """So many entries, of which this share is of bodies that are there already."""
    chance = random.Random(seed)
    made: list[Body] = []
    taken: set[tuple[str, str]] = set()
    while len(made) < size * (1 - again):
        called = _one(chance)
        names = {(called.countries[0], folded(name)) for name in called.all_names}
        if not names & taken:
            taken |= names
            made.append(Body(called, len(made)))
    originals = list(made)
    while len(made) < size:
        original = chance.choice(originals)
        how, differently = chance.choice(_WAYS)
        name = differently(original.called, chance)
        if name is not None and name != original.called.name:
            entered = replace(original.called, name=name, names=(), aliases=())
            made.append(Body(entered, original.body, how))
    chance.shuffle(made)
    return made


def _one(chance: random.Random) -> Called:
    land = chance.choice(_LANDS)
    syllables = land.syllables.split()
    many = 2 if land.country in ("CN", "JP", "KR") else chance.choice((2, 3, 3, 4))
    place = land.joins.join(chance.choice(syllables) for _ in range(many))
    if land.joins == "":
        place = place.capitalize()
    name = chance.choice(land.forms).format(place)
    english = "".join(chance.choice(_ENGLISH) for _ in range(4)).capitalize()
    aliases: tuple[str, ...] = ()
    if chance.random() < 0.5:
        aliases = (chance.choice(_ENGLISH_FORMS).format(english),)
    if land.latin and len(name.split()) > 2 and chance.random() < 0.3:
        aliases += ("".join(word[0] for word in name.split()).upper(),)
    former = chance.choice(land.forms).format(land.joins.join(chance.sample(syllables, 2)).title())
    names = (former, name) if chance.random() < 0.1 else (name,)
    return Called(name=name, countries=(land.country,), names=names, aliases=aliases)


def _slip(called: Called, chance: random.Random) -> str | None:
    """One letter wrong, left out, twice, or two in the wrong order; in a name that has enough."""
    name = called.name
    places = [at for at in range(1, len(name) - 1) if name[at].isalpha() and name[at + 1].isalpha()]
    if len(places) < 8 or not name.isprintable():
        return None
    at = chance.choice(places)
    return chance.choice(
        (
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
            name[:at] + chance.choice(name.replace(" ", "")) + name[at + 1 :],
        )
    )


def _order(called: Called, _: random.Random) -> str | None:
    words = called.name.split()
    return ", ".join((words[-1], " ".join(words[:-1]))) if len(words) > 1 else None


def _bare(called: Called, _: random.Random) -> str | None:
    apart = unicodedata.normalize("NFD", called.name)
    bare = "".join(each for each in apart if not unicodedata.combining(each))
    return unicodedata.normalize("NFC", bare.translate(str.maketrans("łŁđĐøß", "lLdDos")))


_SHORT = {
    "University": "Univ.",
    "Universität": "Univ.",
    "Université": "Univ.",
    "Technische": "TECHNISCHE",
    "Trường Đại học": "ĐẠI HỌC",
    "大学": " 大学",
    "대학교": " 대학교",
    "государственный": "гос.",
    "มหาวิทยาลัย": "มหาวิทยาลัย ",
    "विश्वविद्यालय": "विश्वविद्यालय.",
    "Uniwersytet": "uniwersytet",
    "Πανεπιστήμιο": "ΠΑΝΕΠΙΣΤΗΜΙΟ",
}


def _short(called: Called, _: random.Random) -> str | None:
    for long, short in _SHORT.items():
        if long in called.name:
            return called.name.replace(long, short)
    return None


def _initials(called: Called, _: random.Random) -> str | None:
    return next((each for each in called.aliases if each.isupper()), None)


def _translated(called: Called, _: random.Random) -> str | None:
    return next((each for each in called.aliases if not each.isupper()), None)


_FORMS = {
    " Ltd": " Limited",
    " GmbH": " GmbH & Co. KG",
    "有限公司": "股份有限公司",
    "株式会社": "(株)",
}


def _legal(called: Called, _: random.Random) -> str | None:
    for one, other in _FORMS.items():
        if one in called.name:
            return called.name.replace(one, other)
    return None


def _former(called: Called, _: random.Random) -> str | None:
    return called.names[0] if len(called.names) > 1 else None


_WAYS: Sequence[tuple[str, Callable[[Called, random.Random], str | None]]] = (
    ("slip", _slip),
    ("order", _order),
    ("no accents", _bare),
    ("shortened", _short),
    ("initials", _initials),
    ("translated", _translated),
    ("legal form", _legal),
    ("renamed", _former),
)


def true_pairs(entries: Sequence[Body]) -> dict[tuple[int, int], str]:
    """Which entries are one body, by their places in the list; and how the later one differs."""
    by_body: dict[int, list[int]] = {}
    for place, each in enumerate(entries):
        by_body.setdefault(each.body, []).append(place)
    return {
        pair: " + ".join(sorted({entries[at].how for at in pair} - {""}))
        for places in by_body.values()
        for pair in combinations(places, 2)
    }


Found = dict[tuple[int, int], int]
"""The score of each pair that was compared, by places in the list."""


def find(entries: Sequence[Body]) -> Found:
    """As the register does: compare what shares a key."""
    sharing: dict[str, list[int]] = {}
    found: Found = {}
    for place, each in enumerate(entries):
        keys = [key for key in keys_of(each.called) if not key.startswith("*:")]
        for other in _once(sharing, keys):
            found[other, place] = likeness(entries[other].called, each.called).score
        for key in keys:
            sharing.setdefault(key, []).append(place)
    return found


def _once(sharing: dict[str, list[int]], keys: Sequence[str]) -> Iterator[int]:
    return iter({other for key in keys for other in sharing.get(key, ())})
