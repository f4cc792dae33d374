"""The plans that people copy from can be issued."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from services.program.files import deploy_file
from services.reporting.domain.plans import plan as plans
from services.reporting.events.plans import Form, PlanContent
from services.reporting.http.examples import PLAN

DOCUMENTED = Path(__file__).parents[2] / "docs" / "plans.md"
"""Not beside the tests of a wheel."""


def copied_from() -> Iterator[Any]:
    yield pytest.param(PLAN, id="openapi")
    demo = deploy_file("demo") / "nist" / "plan-2024.yaml"
    yield pytest.param(yaml.safe_load(demo.read_text(encoding="utf-8")), id="demo")
    if DOCUMENTED.exists():
        text = DOCUMENTED.read_text(encoding="utf-8")
        for number, example in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)):
            yield pytest.param(yaml.safe_load(example), id=f"docs-{number}")


@pytest.mark.parametrize("content", list(copied_from()))
def test_a_plan_to_copy_from_can_be_issued(content: Any) -> None:
    plan, _ = plans.issue(PlanContent.model_validate(content), id="plan-1", unit="u", year=2026)
    assert plan.targets


def test_the_demos_plan_has_every_form_but_exactly() -> None:
    content = yaml.safe_load((deploy_file("demo") / "nist" / "plan-2024.yaml").read_text())
    assert set(get_args(Form)) - {each["form"] for each in content["targets"]} == {"exactly"}
