"""HTTP in: parse, call one use case, answer. Fixed paths come before `/{visit}`."""

from services.visits import store
from services.visits.http import calendars, documents, follow_ups, records, steps, visits
from shared import erasing

ROUTERS = (
    erasing.router(store.persons),
    records.router,
    calendars.router,
    visits.router,
    steps.router,
    follow_ups.router,
    documents.router,
)
