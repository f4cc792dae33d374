"""One event of each type, in CloudEvents' structured mode: they tell of five people in one year."""

from typing import Any

_HR = "/hust/hr"
_REGISTRAR = "/hust/registrar"


def _event(event_type: str, number: int, time: str, data: dict[str, Any]) -> dict[str, Any]:
    stream = event_type.split(".")[1]
    return {
        "specversion": "1.0",
        "id": f"{stream}-2019-{number:06}",
        "source": _HR if stream == "hr" else _REGISTRAR,
        "type": event_type,
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }


_LEAVE = {"leave_type": "stay-abroad", "record": "HR-2019-0012", "person_ref": "hr:7f3a09"}
_EXCHANGE = {"record": "REG-2019-0441", "person_ref": "st:20164107"}
_ENROLMENT = {"record": "ENR-2017-0093", "person_ref": "st:20170093"}
_HIRED = {"record": "HR-C-2019-0107", "person_ref": "hr:b41d2e"}

_DATA: dict[str, tuple[int, str, dict[str, Any]]] = {
    "upstream.hr.employee-hired.v1": (
        101,
        "2019-02-20T09:00:00+07:00",
        _HIRED
        | {
            "unit": "hust/me",
            "role": "visiting professor",
            "term": "long",
            "foreign_expert": True,
            "nationality": "DE",
            "starts_on": "2019-03-01",
            "ends_on": "2021-02-28",
        },
    ),
    "upstream.hr.employee-changed.v1": (
        102,
        "2020-11-02T09:00:00+07:00",
        _HIRED | {"on": "2021-03-01", "ends_on": "2022-02-28"},
    ),
    "upstream.hr.employee-departed.v1": (
        103,
        "2021-12-01T09:00:00+07:00",
        _HIRED | {"on": "2021-12-31"},
    ),
    "upstream.hr.leave-approved.v1": (
        201,
        "2019-01-15T10:30:00+07:00",
        _LEAVE
        | {
            "unit": "hust/me",
            "who": "lecturer",
            "kind": "postdoc",
            "partner": {
                "schac": "shibaura-it.ac.jp",
                "name": "Shibaura Institute of Technology",
                "country": "JP",
            },
            "host_country": "JP",
            "starts_on": "2019-04-01",
            "ends_on": "2020-03-31",
            "funding": "JSPS",
            "highest_degree": "doctoral",
        },
    ),
    "upstream.hr.leave-started.v1": (
        202,
        "2019-04-03T08:00:00+07:00",
        _LEAVE | {"on": "2019-04-02"},
    ),
    "upstream.hr.leave-ended.v1": (
        203,
        "2020-02-17T08:00:00+07:00",
        _LEAVE | {"on": "2020-02-14", "early": True},
    ),
    "upstream.registrar.student-enrolled.v1": (
        301,
        "2017-09-04T08:00:00+07:00",
        _ENROLMENT
        | {
            "unit": "hust/me",
            "kind": "full-degree",
            "level": "master",
            "field": "0715",
            "nationality": "LA",
            "prior_education_country": "LA",
            "highest_degree": "bachelor",
            "starts_on": "2017-09-04",
            "ends_on": "2019-08-31",
        },
    ),
    "upstream.registrar.exchange-registered.v1": (
        302,
        "2019-05-20T08:00:00+07:00",
        _EXCHANGE
        | {
            "unit": "hust/me",
            "direction": "out",
            "kind": "project-based",
            "state": "confirmed",
            "level": "bachelor",
            "partner": {"name": "Shibaura Institute of Technology", "country": "JP"},
            "host_country": "JP",
            "programme": "GPBL",
            "starts_on": "2019-08-05",
            "ends_on": "2019-08-30",
            "credits_planned": 4,
            "nationality": "VN",
        },
    ),
    "upstream.registrar.student-departed.v1": (
        303,
        "2019-08-06T08:00:00+07:00",
        _EXCHANGE | {"on": "2019-08-04"},
    ),
    "upstream.registrar.student-returned.v1": (
        304,
        "2019-09-02T08:00:00+07:00",
        _EXCHANGE | {"on": "2019-08-31"},
    ),
    "upstream.registrar.credits-recognised.v1": (
        305,
        "2019-10-14T08:00:00+07:00",
        _EXCHANGE | {"on": "2019-10-14", "awarded": 4, "recognised": 4},
    ),
    "upstream.registrar.student-graduated.v1": (
        306,
        "2019-08-30T08:00:00+07:00",
        _ENROLMENT | {"on": "2019-08-30", "level": "master"},
    ),
    "upstream.registrar.graduate-destination.v1": (
        307,
        "2019-11-04T08:00:00+07:00",
        {
            "record": "DEST-2019-0031",
            "person_ref": "st:20150712",
            "unit": "hust/me",
            "state": "submitted",
            "on": "2019-11-01",
            "level": "master",
            "destination_country": "GB",
            "partner": {"name": "University of Bolton", "country": "GB"},
        },
    ),
    "upstream.registrar.headcount.v1": (
        308,
        "2019-10-01T08:00:00+07:00",
        {
            "unit": "hust/me",
            "year": 2019,
            "level": "bachelor",
            "students": 2140,
            "graduates": 431,
        },
    ),
}

EXAMPLES: dict[str, dict[str, Any]] = {
    event_type: _event(event_type, number, time, data)
    for event_type, (number, time, data) in _DATA.items()
}
"""By type."""
