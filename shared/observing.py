"""What a process says about itself: log lines, metrics, and the trace that runs through them.

Log events are kebab-case facts with ids as fields: `log.info("digest-sent", subscriber=...)`.
Nothing here may carry personal data, so an exception is logged by its type and where it was
raised, never by its text: texts of pydantic, asyncpg and others quote the input.
"""

import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Literal

import structlog
from prometheus_client import Counter, Gauge, Histogram

__all__ = [
    "configure",
    "continue_trace",
    "correlation_id",
    "metrics",
    "traceparent",
    "work_for",
]

# --- the log ------------------------------------------------------------------------------------

_QUIET = {
    # 70 lines a second while the broker is away; what matters, relay and consumer say themselves
    "aiokafka": logging.CRITICAL,
    "uvicorn.access": logging.CRITICAL,  # request lines carry what people typed
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "faststream": logging.WARNING,
}

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(
    *,
    service: str,
    level: str = "info",
    format: Literal["json", "console"] = "json",  # noqa: A002 - the setting's name
) -> None:
    """Send every log line of this process, also the libraries', to stderr in one shape."""
    structlog.contextvars.bind_contextvars(service=service)
    common: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _exception_without_text,
    ]
    render: structlog.typing.Processor
    if format == "console":
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    else:
        render = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*common, _of_a_library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _service_named(service),
                render,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))


class _Stderr(logging.Handler):
    """To whatever stderr is at that moment: who redirects it gets the log as well."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            print(self.format(record), file=sys.stderr, flush=True)  # noqa: T201
        except Exception:  # noqa: BLE001 - logging must not break what it speaks of
            self.handleError(record)


def _exception_without_text(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace `exc_info` by the chain of types and the frames: where, but never with what."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    if isinstance(info, BaseException):
        info = (type(info), info, info.__traceback__)
    if not info or info[1] is None:
        return event
    error: BaseException | None = info[1]
    chain: list[str] = []
    while error is not None and len(chain) < 8:
        chain.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    frames = traceback.extract_tb(info[2])[-12:]
    event["exception"] = chain
    event["raised_at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _of_a_library(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """A library's line is free text: keep it as a field, under one event that can be filtered."""
    record = event.get("_record")
    event["library"] = getattr(record, "name", "")
    event["said"] = event.pop("event", "")
    event["event"] = "library-log"
    return event


def _service_named(service: str) -> structlog.typing.Processor:
    """Threads and callbacks start outside our context; their lines name the service too."""

    def add(
        _logger: Any, _method: str, event: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        event.setdefault("service", service)
        return event

    return add


# --- the trace ----------------------------------------------------------------------------------

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

_traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
_correlation_id: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def traceparent() -> str | None:
    """The W3C traceparent of the work in hand, or None outside of any."""
    return _traceparent.get()


def correlation_id() -> str | None:
    """The correlation id of the work in hand: one for all that a person's one act caused."""
    return _correlation_id.get()


def continue_trace(received: str | None) -> str:
    """A traceparent for work that `received` caused: the same trace, a new span.

    Starts a trace where `received` is absent or not a valid W3C traceparent (version 00 to fe,
    neither id all zeros), because a caller's mistake must not cost the request.
    """
    match = _TRACEPARENT.fullmatch((received or "").strip())
    if match and match[1] != "ff" and int(match[2], 16) and int(match[3], 16):
        return f"00-{match[2]}-{secrets.token_hex(8)}-{match[4]}"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@contextmanager
def work_for(*, correlation: str, received: str | None = None) -> Iterator[str]:
    """Bind the correlation id and the trace to all that happens in the block; gives the latter."""
    trace = continue_trace(received)
    trace_token, correlation_token = _traceparent.set(trace), _correlation_id.set(correlation)
    with structlog.contextvars.bound_contextvars(correlation_id=correlation):
        try:
            yield trace
        finally:
            _traceparent.reset(trace_token)
            _correlation_id.reset(correlation_token)


# --- the metrics --------------------------------------------------------------------------------

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class _Metrics:
    """Every metric of Rapport, by name; labels are closed sets, never ids of records or people."""

    def __init__(self) -> None:
        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"rapport_{name}", what, labels)

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"rapport_{name}", what, labels)

        def histogram(name: str, what: str, *labels: str) -> Histogram:
            return Histogram(f"rapport_{name}", what, labels, buckets=_SHORT)

        # journal and relay
        self.journal_conflicts = counter(
            "journal_conflicts_total", "Appends that another writer overtook", "service"
        )
        self.relay_sent = counter("relay_sent_total", "Events sent and acknowledged", "topic")
        self.relay_unknown = counter(
            "relay_unknown_total", "Events whose sending had no known end; sent again", "topic"
        )
        self.relay_refused = gauge(
            "relay_refused_subjects", "Subjects stopped because Kafka refuses an event", "topic"
        )
        self.relay_unpublished = gauge(
            "relay_unpublished", "Events journaled and not yet sent", "topic"
        )
        self.relay_batch = histogram(
            "relay_batch_seconds", "From taking buckets to the commit that ends a batch", "topic"
        )
        self.relay_epoch = gauge("relay_epoch", "Times that the topic was filled", "topic")
        self.relay_closed = gauge(
            "relay_closed", "1 while the database is older than what was published", "topic"
        )
        # control
        self.replays_asked = counter("replays_asked_total", "Replays asked of owners", "topic")
        self.replays_given = counter("replays_given_total", "Events published again", "topic")
        # consumer and parking
        self.consumer_applied = counter(
            "consumer_applied_total", "Events applied", "consumer", "topic"
        )
        self.consumer_duplicates = counter(
            "consumer_duplicates_total", "Events seen before and dropped", "consumer", "topic"
        )
        self.consumer_gaps = counter(
            "consumer_gaps_total", "Subjects found to lack an earlier event", "consumer", "topic"
        )
        self.consumer_equivocations = counter(
            "consumer_equivocations_total", "Versions seen with two contents", "consumer", "topic"
        )
        self.consumer_held = gauge(
            "consumer_held", "Events waiting for an earlier one", "consumer", "topic"
        )
        self.consumer_parked = gauge(
            "consumer_parked", "Events that cannot be processed", "consumer", "topic"
        )
        self.consumer_lag = gauge(
            "consumer_lag_events", "Events in the topic not yet applied", "consumer", "topic"
        )
        self.consumer_lag_seconds = gauge(
            "consumer_lag_seconds", "Age of the oldest event not yet applied", "consumer", "topic"
        )
        self.consumer_batch = histogram(
            "consumer_batch_seconds", "From records in hand to the commit", "consumer", "topic"
        )
        self.consumer_retries = counter(
            "consumer_retries_total", "Batches tried again", "consumer", "topic", "why"
        )
        # mail
        self.mails = counter(
            "mails_total",
            "Attempts at mails by how they ended; found-accepted and sent-again: unknown before",
            "outcome",
        )
        # HTTP and jobs
        self.http_requests = histogram(
            "http_request_seconds", "Requests by route", "service", "method", "route", "status"
        )
        self.job_runs = counter("job_runs_total", "Runs of jobs", "service", "job", "outcome")


metrics = _Metrics()
"""The one set of metrics of this process: definitions and numbers in memory, nothing is opened."""
