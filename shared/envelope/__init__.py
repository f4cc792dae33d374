"""CloudEvents 1.0 on Kafka: what is written into a record's headers, and how a record is read.

Two readers, because two kinds of record come in. `read_fact` is for our own facts (binary mode,
dense versions, chained digests) and is on the path of every event, so it only does what must be
known before the data is touched. `read_event` is for the upstream boundary (binary and structured
mode), where nothing is trusted.

Whatever cannot be read raises `Poisoned` with a code and a JSON path: never with content, which may
be personal.
"""

from shared.envelope.events import CloudEvent, fit, read_event
from shared.envelope.facts import FactRecord, chained, decode, headers_of, read_fact
from shared.envelope.limits import path_of, read_json
from shared.envelope.records import RawRecord, Record, pack, unpack

__all__ = [
    "CloudEvent",
    "FactRecord",
    "RawRecord",
    "Record",
    "chained",
    "decode",
    "fit",
    "headers_of",
    "pack",
    "path_of",
    "read_event",
    "read_fact",
    "read_json",
    "unpack",
]
