"""HTTP in: parse, call one use case, answer."""

from services.mobility.http import (
    applications,
    appointments,
    persons,
    programmes,
    records,
    stays,
    upstream,
)

ROUTERS = (
    stays.router,
    applications.router,
    appointments.router,
    programmes.programmes,
    programmes.headcounts,
    persons.router,
    records.router,
    upstream.router,
)
