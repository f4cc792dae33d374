"""HTTP in: parse, call one use case, answer."""

from services.reporting.http import measures, page, plans, reports, texts, threads

ROUTERS = (
    measures.router,
    plans.router,
    texts.router,
    reports.router,
    threads.router,
    page.router,
)
