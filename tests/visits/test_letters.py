"""The draft of an invitation: what the record knows, in a Word document that is one."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from lxml import etree

from services.visits.gateways.letters import Letterhead, invitation
from shared.attachments.sniffing import DOCX, sniffed
from tests.visits.making import a_visit

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def letter(*, names: dict[str, str] | None = None, **fields: Any) -> list[str]:
    """The paragraphs of the draft for such a visit."""
    head = Letterhead(
        unit="School of Mechanical Engineering",
        hosts=("Department of Mechatronics",),
        on=date(2025, 11, 17),
        names=names or {},
    )
    content = invitation(a_visit(**fields), head)
    assert content == invitation(a_visit(**fields | {"id": "visit-1"}), head)
    assert sniffed(io.BytesIO(content)) == DOCX
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        root = etree.fromstring(archive.read("word/document.xml"))
    return ["".join(each.itertext(W + "t")) for each in root.iter(W + "p")]


def test_it_says_who_is_invited_when_where_what_for_and_what_is_planned() -> None:
    said = letter(
        place="C2",
        purpose="Joint projects",
        members=[
            {"role": "Mayor", "organization": "Da Nang City", "person_ref": "p-1"},
            {"role": "student", "organization": "Da Nang City", "count": 20},
            {"role": "Dean", "organization": "HUST", "ours": True},
        ],
        agenda=[
            {"title": "Welcome", "at": "2025-12-15T09:30", "place": "Room 201"},
            {"title": "Excursion", "at": "2025-12-16"},
            {"title": "Dinner", "at": "in the evening"},
            {"title": "Talks"},
        ],
        names={"p-1": "Trần Thị Bình (invented)"},
    )
    assert said[:4] == ["School of Mechanical Engineering", "17 November 2025", "", "Da Nang City"]
    assert (
        "School of Mechanical Engineering has the pleasure of inviting you to visit us"
        " from 15 December 2025 to 16 December 2025 at C2. The purpose of the visit is:"
        " Joint projects"
    ) in said
    start = said.index("The invitation is for:")
    assert said[start + 1 : start + 9] == [
        "- Trần Thị Bình (invented), Mayor, Da Nang City",
        "- student, Da Nang City (20 persons)",
        "We propose this programme:",
        "- 15 December, 09:30: Welcome (Room 201)",
        "- 16 December: Excursion",
        "- in the evening: Dinner",
        "- Talks",
        "You will be received by Department of Mechatronics.",
    ]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "when"),
    [
        ("2025-12-15", "2025-12-15", "on 15 December 2025"),
        ("2025-12", "2025-12", "in 2025-12"),
        ("2025-12", "2026", "between 2025-12 and 2026"),
    ],
)
def test_days_are_said_as_far_as_they_are_known(starts_on: str, ends_on: str, when: str) -> None:
    said = " ".join(letter(starts_on=starts_on, ends_on=ends_on))
    assert f"visit us {when}. [purpose]" in said


@pytest.mark.parametrize(
    "text", ["<w:p/>&amp;]]>", "东京科学大学", "زيارة", "\ufffe\uffff", "one\ntwo", "a\tb"]
)
def test_whatever_is_written_is_text_and_never_markup(text: str) -> None:
    said = letter(title=text, purpose=text, partners=[])
    shown = text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd").replace("\n", "")
    assert f"Invitation: {shown}" in said
    assert "[addressee]" in said
