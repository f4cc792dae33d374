"""Stays, statements and events, made up for tests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.mobility.contracts import EXAMPLES
from services.mobility.domain.statements import Statement
from services.mobility.domain.stays import Stay
from services.mobility.domain.targets import identity_of, unwrapped
from services.mobility.incoming import UPSTREAM

TODAY = date(2019, 6, 15)
STAY = "stay-01k9zv5n3m8q4w7t2r6y0a1b2c"
PARTNER = "partner-01k9zv5n3m8q4w7t2r6y0a1b2c"


def a_stay(**fields: Any) -> Stay:
    """A student goes to Japan from 1 April to 31 August 2019."""
    told: dict[str, Any] = {
        "id": STAY,
        "version": 1,
        "unit": "hust/me",
        "person_ref": "st:1",
        "direction": "out",
        "who": "student",
        "kind": "exchange-study",
        "partner": PARTNER,
        "host_country": "JP",
        "planned_from": "2019-04-01",
        "planned_until": "2019-08-31",
        "status": "nominated",
    }
    return Stay.model_validate(told | fields)


def said(
    event_type: str,
    *,
    id_: str,
    minute: int,
    replaces: str | None = None,
    withdrawn: bool = False,
    without: tuple[str, ...] = (),
    **data: Any,
) -> Statement:
    """A statement: the example of its type with other data, so many minutes after noon."""
    example = {
        field: value
        for field, value in EXAMPLES[event_type]["data"].items()
        if field not in without
    }
    fitted = unwrapped(UPSTREAM[event_type].model_validate(example | data))
    _, record, about = identity_of(fitted)
    return Statement(
        source="/hust/registrar",
        id=id_,
        type=event_type,
        time=datetime(2019, 6, 1, 12, tzinfo=UTC) + timedelta(minutes=minute),
        record=record,
        about=about,
        data=fitted,
        replaces=replaces,
        withdrawn=withdrawn,
    )
