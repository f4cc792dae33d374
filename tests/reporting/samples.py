"""One fact of each type, as the decisions make them. What is stored was once sent, and stays."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.reporting.domain.plans import plan as plans
from services.reporting.domain.plans.plan import Plan
from services.reporting.domain.report import report as reports
from services.reporting.domain.report.report import Report
from services.reporting.events.plans import Approval, Baseline, Note, PlanContent
from services.reporting.events.reports import Publication
from shared.facts import Fact

STORED = Path(__file__).parent.parent / "contracts" / "samples" / "reporting"

CONTENT: dict[str, Any] = {
    "title": "Work plan 2024",
    "issued_by": "International Office",
    "issued_on": "2023-12-11",
    "published_on": "2024-07-15",
    "policy_basis": [
        {"document": "Resolution", "number": "59", "on": "2023-01", "issuer": "Board"}
    ],
    "country_groups": [{"id": "eu", "name": "EU", "as_of": "2024", "countries": ["DE", "FR"]}],
    "declared": [
        {
            "measure": "visits.delegations",
            "year": 2010,
            "value": "7",
            "source": "Annual report 2010",
        }
    ],
    "targets": [
        {
            "id": "a1",
            "dimension": "management",
            "text": "15 administrative staff abroad",
            "form": "gated",
            "number": 15,
            "gate": "university approval",
            "counts": [{"measure": "mobility.staff-out", "where": {"who": ["administrative"]}}],
        },
        {
            "id": "b3",
            "dimension": "students",
            "text": "Increase the rate",
            "form": "rate",
            "counts": [{"measure": "applications.submitted"}],
            "of": {"measure": "headcount.graduates"},
        },
    ],
}


def samples() -> list[Fact]:
    """Every fact that a plan's and a report's life has."""
    content = PlanContent.model_validate(CONTENT)
    plan, made = plans.issue(content, id="plan-1", unit="nist", year=2024)
    facts = list(made)
    again = PlanContent.model_validate(CONTENT | {"title": "Key points of work in 2024"})
    decisions: tuple[Callable[[Plan], tuple[Plan, list[Fact]]], ...] = (
        lambda plan: plans.revise(plan, again),
        lambda plan: plans.approve(
            plan, Approval(target="a1", on=date(2024, 9, 5), evidence="Minutes 7/2024")
        ),
        lambda plan: plans.note(plan, Note(target="a1", on=date(2024, 9, 6), text="Chosen.")),
        lambda plan: plans.give_baseline(
            plan, Baseline(target="b3", value=Decimal("0.042"), year=2023, source="Statistics")
        ),
    )
    for decide in decisions:
        plan, made = decide(plan)
        facts += made
    report = Report(id="report-1", unit="nist", year=2024)
    report, made = reports.write_text(report, foreword="We went.", closing="We thank.")
    facts += made
    edition = Publication(
        number=1,
        published_at=datetime(2025, 1, 15, 3, 0, tzinfo=UTC),
        known=datetime(2025, 1, 15, 2, 0, tzinfo=UTC),
        on=date(2024, 12, 31),
        digests={"html": "0" * 64, "pdf": "1" * 64, "json": "2" * 64},
    )
    _, made = reports.publish(report, edition)
    return facts + made


def stored_at(fact: type[Fact]) -> Path:
    return STORED / f"{fact.type.removeprefix('rapport.reporting.')}.json"
