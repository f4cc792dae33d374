"""HTTP in: parse, call one use case, answer. Fixed paths come before `/{visit}`."""

from services.visits.http import calendars, follow_ups, records, steps, visits

ROUTERS = (records.router, calendars.router, visits.router, steps.router, follow_ups.router)
