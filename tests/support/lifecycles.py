"""docs/lifecycles.md, from the domain: its own steps are tried on every state that they lead to.

`make lifecycles` writes it. A step is a public function of the domain that takes the aggregate and
decides; what it takes besides is told by name in `GIVEN`, each value in turn. What is refused is no
arrow; what is accepted and changes the status is one, under the name of the step.
"""

import importlib
import inspect
import itertools
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel

from shared.dates import PartialDate
from shared.errors import Rejected

PAGE = Path(__file__).parents[2] / "docs" / "lifecycles.md"
_ID = "01k9zv5n3m8q4w7t2r6y0a1b2c"
_PARTNER = f"partner-{_ID}"
_MOST_OF_A_STATUS = 30
"""So many states of each status are gone on from: the first that were come to."""
_NO_STEPS = {"record", "reconcile", "correct"}
"""They enter a record in whatever state it is in, or mend it."""

GIVEN: dict[str, tuple[Any, ...]] = {
    "today": (date(2025, 11, 17), date(2027, 6, 1)),
    "on": (PartialDate("2025-11-10"), PartialDate("2025-11-17")),
    "notice_on": (PartialDate("2025-11-10"),),
    "ended_on": (PartialDate("2026-12-31"),),
    "valid_until": (PartialDate("2030-12-31"),),
    "until": (PartialDate("2026-06-30"),),
    "side": ("ours", "theirs"),
    "party": ("hust", _PARTNER),
    "evidence": ("a letter",),
    "reason": ("a reason",),
    "text": ("a text",),
    "by_both": (True,),
    "accepted": (True, False),
    "awarded": (10.0,),
    "recognised": (10.0,),
    "outcomes": ((),),
    "reviewers": (("legal",),),
    "reviewer": ("legal",),
    "note": ("a note",),
    "survivor": (
        {"id": f"partner-{'1' * 26}", "version": 1, "unit": "hust", "kind": "university"}
        | {"name": "Nagaoka Tech", "names": [{"name": "Nagaoka Tech"}], "country": "JP"},
    ),
    "successor": (
        {"id": f"agreement-{'1' * 26}", "version": 1, "unit": "hust", "kind": "exchange"}
        | {"title": "The next", "status": "in-force", "valid_from": "2025-11-01"}
        | {"parties": [{"party": "hust", "side": "ours"}, {"party": _PARTNER, "side": "theirs"}]},
    ),
    "kind": ("duplicate",),
    "verdict": ("agrees", "asks-for-changes"),
    "consents": (True, False),
    "follow_up": ("1",),
    "became": (f"agreement-{_ID}",),
    "result": ("done",),
    "starts_on": (PartialDate("2025-12-01"),),
    "ends_on": (PartialDate("2025-12-02"),),
    "decision": ({"number": "118/QD", "on": "2025-11-10"},),
}


class Life(NamedTuple):
    """An aggregate, the modules that decide about it, and how it begins."""

    title: str
    state: str
    modules: tuple[str, ...]
    begins: dict[str, Any]
    status_of: Callable[[Any], str] = lambda state: str(state.status)


_DAYS = {"planned_from": "2025-11-01", "planned_until": "2026-02-28"}
LIVES = (
    Life(
        "Partner",
        "services.agreements.domain.partners:Partner",
        ("services.agreements.domain.partners", "services.agreements.domain.mergers"),
        {"unit": "hust", "kind": "university", "name": "Nagaoka", "country": "JP"}
        | {"names": [{"name": "Nagaoka"}]},
    ),
    Life(
        "Agreement",
        "services.agreements.domain.agreements:Agreement",
        (
            "services.agreements.domain.agreements",
            "services.agreements.domain.agreement_reviews",
            "services.agreements.domain.agreement_suspensions",
            "services.agreements.domain.agreement_dates",
        ),
        {"unit": "hust", "kind": "exchange", "title": "Exchange", "valid_until": "2026-12-31"}
        | {"parties": [{"party": "hust", "side": "ours"}, {"party": _PARTNER, "side": "theirs"}]},
    ),
    Life(
        "Joint programme",
        "services.agreements.domain.joint_programmes:JointProgramme",
        ("services.agreements.domain.joint_programmes",),
        {"unit": "hust", "title": "Mechatronics", "partners": [_PARTNER], "pattern": "2+2"},
    ),
    Life(
        "Joint project",
        "services.agreements.domain.joint_projects:JointProject",
        ("services.agreements.domain.joint_projects",),
        {"unit": "hust", "title": "Vision", "partners": [_PARTNER], "applied_on": "2025-01-01"},
    ),
    Life(
        "Visit",
        "services.visits.domain.visit:Visit",
        ("services.visits.domain.steps",),
        {"unit": "hust", "direction": "inbound", "title": "A delegation", "theme": "government"}
        | {"status": "requested", "starts_on": "2025-12-01", "ends_on": "2025-12-02"}
        | {"requested_on": "2025-11-01"}
        | {"members": [{"role": "Mayor", "organization": "Da Nang", "country": "VN"}]},
    ),
    Life(
        "Stay",
        "services.mobility.domain.stays:Stay",
        ("services.mobility.domain.stays",),
        {"unit": "hust", "person_ref": "s-1", "direction": "out", "who": "student"}
        | {"kind": "exchange-study", "partner": _PARTNER, "host_country": "JP"}
        | {"status": "nominated", "source": "direct", "credits": {"planned": 10.0}, **_DAYS},
    ),
    Life(
        "Application",
        "services.mobility.domain.applications:Application",
        ("services.mobility.domain.applications",),
        {"unit": "hust", "person_ref": "s-1", "level": "master", "destination_country": "GB"}
        | {"graduate": True, "submitted_on": "2025-01-01", "status": "submitted"}
        | {"source": "direct"},
    ),
    Life(
        "Appointment",
        "services.mobility.domain.appointments:Appointment",
        ("services.mobility.domain.appointments",),
        {"unit": "hust", "person_ref": "e-1", "term": "long", "role": "professor"}
        | {"foreign_expert": True, "starts_on": "2025-01-01", "ends_on": "2026-12-31"}
        | {"status": "appointed", "source": "direct"},
    ),
    Life(
        "Follow-up of a visit",
        "services.visits.domain.visit:Visit",
        ("services.visits.domain.follow_ups",),
        {"unit": "hust", "direction": "inbound", "title": "A delegation", "theme": "government"}
        | {"status": "completed", "starts_on": "2025-10-01", "ends_on": "2025-10-02"}
        | {"follow_ups": [{"id": "1", "text": "Draft", "owner": "Office", "due_on": "2026-01-01"}]},
        lambda visit: str(visit.follow_ups[0].status),
    ),
)


def steps(life: Life) -> dict[str, Callable[..., Any]]:
    """The functions that decide about the aggregate, by name."""
    model = _model(life)
    found: dict[str, Callable[..., Any]] = {}
    for name in life.modules:
        module = importlib.import_module(name)
        for step, function in inspect.getmembers(module, inspect.isfunction):
            parameters = list(inspect.signature(function).parameters.values())
            ours = function.__module__ == name and not step.startswith("_")
            returns = get_args(inspect.signature(function).return_annotation)[:1]
            decides = returns == (model,) or get_args(returns and returns[0])[:1] == (model,)
            takes = bool(parameters) and parameters[0].annotation is model
            if ours and decides and takes and step not in _NO_STEPS:
                found[step] = function
    return found


def arrows(life: Life) -> set[tuple[str, str, str]]:
    """(from, to, step) of every change of the status that a step can bring about."""
    first = _model(life).model_validate(life.begins | {"id": f"x-{_ID}", "version": 1})
    ahead, seen, found = [first], {_told(first)}, set[tuple[str, str, str]]()
    gone_on_from = Counter[str]()
    while ahead:
        state = ahead.pop(0)
        gone_on_from[life.status_of(state)] += 1
        if gone_on_from[life.status_of(state)] > _MOST_OF_A_STATUS:
            continue
        for name, step in steps(life).items():
            for after in _tried(step, state):
                before, now = life.status_of(state), life.status_of(after)
                if before != now:
                    found.add((before, now, name))
                if _told(after) not in seen:
                    seen.add(_told(after))
                    ahead.append(after)
    return found


def _tried(step: Callable[..., Any], state: BaseModel) -> Iterator[Any]:
    _, *besides = inspect.signature(step).parameters.values()
    choices = [_values(each) for each in besides]
    for values in itertools.product(*choices):
        try:
            after = step(state, **{p.name: v for p, v in zip(besides, values, strict=True)})[0]
            yield after[0] if isinstance(after, tuple) else after  # a merger decides about two
        except Rejected:
            continue


def _values(parameter: inspect.Parameter) -> tuple[Any, ...]:
    """What is given for a parameter; () if nothing is known that it takes."""
    kinds = get_args(parameter.annotation) or (parameter.annotation,)
    given = GIVEN.get(parameter.name)
    if given is None:
        if parameter.default is not inspect.Parameter.empty:
            return (parameter.default,)
        return (None,) if type(None) in kinds else ()
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return tuple(kind.model_validate(each) for each in given if isinstance(each, dict))
    return given


def _model(life: Life) -> type[Any]:
    module, _, name = life.state.partition(":")
    model: type[Any] = getattr(importlib.import_module(module), name)
    return model


def _told(state: BaseModel) -> str:
    return state.model_dump_json(exclude={"version"})


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for life in LIVES:
        drawn: dict[tuple[str, str], list[str]] = {}
        for before, now, step in sorted(arrows(life)):
            drawn.setdefault((before, now), []).append(step.replace("_", " "))
        first = life.status_of(_model(life).model_validate(life.begins | {"id": f"x-{_ID}"}))
        lines = [f"    [*] --> {_name(first)}"]
        lines += [
            f"    {_name(before)} --> {_name(now)}: {', '.join(said)}"
            for (before, now), said in drawn.items()
        ]
        last = {now for _, now in drawn} - {before for before, _ in drawn}
        lines += [f"    {_name(each)} --> [*]" for each in sorted(last)]
        body = "\n".join(lines)
        drawing = f"## {life.title}\n\n```mermaid\nstateDiagram-v2\n{body}\n```\n"
        moving = {step for _, _, step in arrows(life)}
        others = sorted(each.replace("_", " ") for each in steps(life).keys() - moving)
        rest = f"\nThe status stays as it is: {', '.join(others)}.\n" if others else ""
        parts.append(drawing + rest)
    return "\n".join(parts)


def _name(status: str) -> str:
    return status.replace("-", "_")


_HEAD = """# Life cycles

Drawn from the code by `make lifecycles`, and held to it by a test: the domain's own steps were
tried on each state that they lead to, and an arrow is what they accepted, under the step's name.
Records of the past are entered in any state; corrections mend, and are not drawn. What the
calendar does by itself is `by the dates` and `follow the calendar`.
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write("docs/lifecycles.md\n")
