"""HTTP in: parse, call one use case, answer."""

from services.reporting.http import measures, plans, reports, texts

ROUTERS = (measures.router, plans.router, texts.router, reports.router)
