"""HTML: a draft as one file of its own, and the page. Everything that is put in is escaped."""

from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from services.reporting.domain.report.draft import Draft
from services.reporting.domain.report.wording import day

__all__ = ["page", "report_page"]


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("services.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["day"] = day
    return environment


def report_page(draft: Draft) -> bytes:
    """The annual report as one HTML file that needs nothing beside it."""
    return _templates().get_template("report.html.j2").render(draft=draft).encode()


def page(template: str, **values: Any) -> str:
    """One of the pages, filled in."""
    return _templates().get_template(template).render(**values)
