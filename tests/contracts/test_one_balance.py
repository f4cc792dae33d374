"""The statement of an agreement and reporting's measure say the same of the same stays."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.agreements.domain.agreement_balance import balance_of
from services.agreements.domain.agreement_places import Known
from services.agreements.incoming import Stay as OurStay
from services.reporting.domain.records import Records
from services.reporting.incoming.agreements import Agreement
from services.reporting.incoming.mobility import Stay
from tests.agreements.making import an_agreement
from tests.reporting.making import answer, named

DAYS = st.dates(date(2015, 1, 1), date(2019, 12, 31))
DATES = DAYS.map(date.isoformat) | DAYS.map(lambda day: f"{day:%Y-%m}")
STATUSES = [
    "nominated",
    "approved",
    "rejected",
    "confirmed",
    "under-way",
    "completed",
    "transcript-received",
    "recognised",
    "withdrawn",
    "no-show",
]


@st.composite
def stays(draw: st.DrawFn) -> dict[str, Any]:
    begins = draw(DAYS)
    ends = begins + timedelta(days=draw(st.integers(0, 900)))
    gap = begins + timedelta(days=draw(st.integers(0, 100)))
    told: dict[str, Any] = {
        "unit": "hust/me",
        "who": draw(st.sampled_from(["student", "student", "lecturer"])),
        "direction": draw(st.sampled_from(["in", "out"])),
        "kind": "exchange-study",
        "host_country": "JP",
        "planned_from": begins.isoformat(),
        "planned_until": ends.isoformat(),
        "status": draw(st.sampled_from(STATUSES)),
        "virtual_days": draw(st.integers(0, 40)),
    }
    if draw(st.booleans()):
        told["actual_from"] = draw(DATES)
    if draw(st.booleans()):
        told["actual_until"] = draw(DATES)
    if draw(st.booleans()):
        until = gap + timedelta(days=draw(st.integers(0, 60)))
        told["interruptions"] = [{"from": gap.isoformat(), "until": until.isoformat()}]
    return told


@given(
    told=st.lists(stays(), max_size=6),
    unit=st.sampled_from(["student-semesters", "students"]),
    on=DAYS,
)
def test_a_statement_and_the_measure_agree(told: list[dict[str, Any]], unit: str, on: date) -> None:
    agreement = an_agreement(balance_unit=unit)
    under = [each | {"agreement": agreement.id} for each in told]
    statement = balance_of(
        agreement,
        [Known(f"stay-{n}", OurStay.model_validate(each)) for n, each in enumerate(under)],
        on=on,
        of=lambda day: day.year,
    )
    records = Records(
        agreements={agreement.id: Agreement.model_validate({"balance_unit": unit})},
        stays=named("stay", *(Stay.model_validate(each) for each in under)),
    )
    measured = answer("mobility.balance", records, on=on, year=on.year)
    assert measured.groups.get(f"agreement={agreement.id}", 0) == statement.balance
    assert len(measured.records) == sum(len(each.stays) for each in statement.years)
