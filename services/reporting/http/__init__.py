"""HTTP in: parse, call one use case, answer."""

from services.reporting.http import measures

ROUTERS = (measures.router,)
