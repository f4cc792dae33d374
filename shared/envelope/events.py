"""Events of other systems: binary and structured mode, nothing trusted."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from shared.envelope.limits import MAX_ATTRIBUTE, bounded_headers, instant_of, invalid, read_json
from shared.envelope.records import RawRecord
from shared.errors import Poisoned

__all__ = ["CloudEvent", "fit", "read_event"]

M = TypeVar("M", bound=BaseModel)


class CloudEvent(NamedTuple):
    """An event of another system, in either mode; `data` is parsed JSON within the limits."""

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    extensions: Mapping[str, Any]
    data: Any


def fit(model: type[M], event: CloudEvent) -> M:
    """The event's data as `model`. Raises Poisoned."""
    try:
        return model.model_validate_json(json.dumps(event.data))
    except ValidationError as error:
        raise invalid(error, "$.data") from None  # its text contains the input


def read_event(record: RawRecord) -> CloudEvent:
    """An upstream event, binary or structured. Raises Poisoned."""
    headers = bounded_headers(record)
    if record.value is None:
        raise Poisoned("value-missing")
    media = headers.get("content-type", b"").decode().partition(";")[0].strip().lower()
    attributes = {
        name[3:]: value.decode() for name, value in headers.items() if name.startswith("ce_")
    }
    plain = media in ("", "application/json", "text/json")
    if media == "application/cloudevents+json" or (plain and not attributes):
        return _structured(record.value)  # the SDK's 1.x says application/json of these
    if media.startswith("application/cloudevents") or not (plain or media.endswith("+json")):
        raise Poisoned("content-type-unknown", "$.headers.content-type")
    return _event(attributes, read_json(record.value), at="$.headers.ce_")


def _structured(value: bytes) -> CloudEvent:
    body = read_json(value)
    if not isinstance(body, dict):
        raise Poisoned("event-not-object")
    if "data_base64" in body:
        raise Poisoned("data-not-json", "$.data_base64")
    data = body.pop("data", None)
    return _event(body, data, at="$.")


def _event(attributes: dict[str, Any], data: Any, *, at: str) -> CloudEvent:
    def text(name: str, *, required: bool) -> str | None:
        value = attributes.pop(name, None)
        if value is None and not required:
            return None
        if not isinstance(value, str) or not value or len(value) > MAX_ATTRIBUTE:
            raise Poisoned("attribute-invalid" if value else "attribute-missing", f"{at}{name}")
        if not value.isprintable():
            raise Poisoned("attribute-invalid", f"{at}{name}")
        return value

    if text("specversion", required=True) != "1.0":
        raise Poisoned("specversion-unknown", f"{at}specversion")
    id_, source, type_ = (text(name, required=True) for name in ("id", "source", "type"))
    time = text("time", required=False)
    subject = text("subject", required=False)
    return CloudEvent(
        id=str(id_),
        source=str(source),
        type=str(type_),
        subject=subject,
        time=None if time is None else instant_of(time, f"{at}time"),
        extensions=attributes,
        data=data,
    )
