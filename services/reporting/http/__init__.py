"""HTTP in: parse, call one use case, answer."""

from services.reporting import store
from services.reporting.http import measures, page, plans, reports, texts, threads
from shared import erasing

ROUTERS = (
    measures.router,
    plans.router,
    erasing.router(store.persons),
    texts.router,
    reports.router,
    threads.router,
    page.router,
)
