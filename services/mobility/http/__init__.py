"""HTTP in: parse, call one use case, answer."""

from services.mobility import store
from services.mobility.http import (
    applications,
    appointments,
    extracts,
    persons,
    programmes,
    records,
    stays,
    upstream,
)
from shared import erasing

ROUTERS = (
    stays.router,
    applications.router,
    appointments.router,
    programmes.programmes,
    programmes.headcounts,
    erasing.router(store.persons),
    extracts.persons,
    persons.router,
    extracts.router,
    records.router,
    upstream.router,
)
