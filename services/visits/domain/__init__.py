"""States and decisions of a visit: plain functions, no I/O, no clock.

A decision takes the visit and what is asked, and returns the visit after it with the facts that
say what happened; or raises Rejected. `today` is the local date of the visit's unit.
"""

from services.visits.domain.agenda import moment
from services.visits.domain.asked import Policy, report_due_on, warnings_about
from services.visits.domain.documents import add_document, document_of, remove_document
from services.visits.domain.follow_ups import (
    add_follow_up,
    close_follow_up,
    free_id,
    link_follow_up,
)
from services.visits.domain.recording import correct, implied_status, reconcile, record
from services.visits.domain.steps import (
    approve,
    by_the_dates,
    cancel,
    change_members,
    close,
    complete,
    confirm,
    plan,
    postpone,
    report,
    request,
    screen,
    start,
)
from services.visits.domain.visit import (
    BEFORE_UNDER_WAY,
    MOVED_BY_THE_CLOCK,
    Decided,
    Visit,
)

__all__ = [
    "BEFORE_UNDER_WAY",
    "MOVED_BY_THE_CLOCK",
    "Decided",
    "Policy",
    "Visit",
    "add_document",
    "add_follow_up",
    "approve",
    "by_the_dates",
    "cancel",
    "change_members",
    "close",
    "close_follow_up",
    "complete",
    "confirm",
    "correct",
    "document_of",
    "free_id",
    "implied_status",
    "link_follow_up",
    "moment",
    "plan",
    "postpone",
    "reconcile",
    "record",
    "remove_document",
    "report",
    "report_due_on",
    "request",
    "screen",
    "start",
    "warnings_about",
]
