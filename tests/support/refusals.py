"""docs/refusals.md, from the code: every stable code, who says it, its status, and its words.

`make refusals` writes it. A code is a literal, or `ENUMERATED` says all that it can be.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import services

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "refusals.md"

_KINDS = "<kind>"
_STAY = (
    "nominated",
    "approved",
    "rejected",
    "confirmed",
    "under-way",
    "completed",
    "transcript-received",
    "recognised",
    "withdrawn",
    "no-show",
)
ENUMERATED: dict[str, tuple[str, ...]] = {
    "BUG": ("bug",),
    "f'partner-{survivor.status}'": ("partner-retired", "partner-merged"),
    "f'partner-{partner.status}'": ("partner-retired", "partner-merged"),
    "f'partner-{statuses[partner]}'": ("partner-retired", "partner-merged"),
    "f'application-{application.status}'": tuple(
        f"application-{each}"
        for each in ("submitted", "admitted", "declined", "departed", "withdrawn")
    ),
    "f'stay-{stay.status}'": tuple(f"stay-{each}" for each in _STAY),
    "f'{register.kind}-unknown'": (f"{_KINDS}-unknown",),
    "f'{self.kind}-unknown'": (f"{_KINDS}-unknown",),
    "f'{self.kind}-exists'": (f"{_KINDS}-exists",),
}
"""Codes that are put together, and all that can come of it; `<kind>` is the word in an id."""

_NOT_HERE = ("problem.code", "error.code", "code")
"""Passed on; where they are made, they are literal: `code="..."`, a tuple's first, a Poisoned."""
_SAYS = {"Rejected": 409, "problem": 500, "Problem": 422, "Poisoned": 422}
_KEBAB = re.compile(r"[a-z]+(-[a-z0-9]+)+")


class Refusal(NamedTuple):
    """A code, as one place in the code says it."""

    code: str
    service: str
    status: int
    words: str


class Unknown(Exception):
    """A code that is neither literal nor enumerated."""


def refusals() -> list[Refusal]:
    """Every code with every way of saying it, in order. Raises Unknown."""
    found = set[Refusal]()
    code = Path(services.__file__).parents[1]  # in the tree, or where the package is installed
    for path in sorted([*code.glob("services/*/**/*.py"), *code.glob("shared/**/*.py")]):
        top, name = path.relative_to(code).parts[:2]
        if name != "program" and "ewp" not in path.parts:  # docs/ewp.md lists the findings of EWP
            found |= set(_in(path, "all" if top == "shared" else name))
    return sorted(found)


def _in(path: Path, service: str) -> Iterator[Refusal]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                yield from _said(node, service, function, tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_CODES":
            for status, code in ast.literal_eval(node.value).items():
                yield Refusal(code, service, status, "as HTTP has it")


def _said(
    node: ast.Call, service: str, function: ast.FunctionDef | ast.AsyncFunctionDef, tree: ast.AST
) -> Iterator[Refusal]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    given = {each.arg: each.value for each in node.keywords}
    if name not in _SAYS:
        code = given.get("code")
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            yield Refusal(code.value, service, _status(given, 409), _words(given, node, ""))
        return
    status = _status(given, _SAYS[name])
    words = _words(given, node, "a record of Kafka, or an event, cannot be read")
    for each in _codes(node.args[0] if node.args else given.get("code"), function, tree):
        yield Refusal(each, service, status, words)


def _codes(written: ast.expr | None, function: ast.AST, tree: ast.AST) -> tuple[str, ...]:
    if written is None:
        return ()
    text = ast.unparse(written)
    if isinstance(written, ast.Constant):
        return (str(written.value),)
    for constant in ast.walk(tree) if isinstance(written, ast.Name) else ():
        if (
            isinstance(constant, ast.Assign)
            and isinstance(constant.value, ast.Constant)
            and ast.unparse(constant.targets[0]) == text
        ):
            return (str(constant.value.value),)
    if text in ENUMERATED:
        return ENUMERATED[text]
    if text.partition(".code")[0] in ("problem", "error") or text in _NOT_HERE:
        return ()
    if isinstance(written, ast.JoinedStr) and isinstance(written.values[0], ast.Constant):
        before = str(written.values[0].value)
        if before.endswith(":"):  # what follows says more, and is no part of the code
            return (before[:-1],)
    else:
        before = ""
    if isinstance(written, ast.IfExp):
        return (
            *_codes(written.body, function, tree),
            *_codes(written.orelse, function, tree),
        )
    by_calls = _first_words_given(function, tree)
    if before and by_calls:
        return tuple(f"{before}{each}" for each in by_calls)
    raise Unknown(f"{getattr(function, 'name', '')}: {text}: say in ENUMERATED what this can be")


def _first_words_given(function: ast.AST, tree: ast.AST) -> list[str]:
    """What callers in the same file give as the first word: `_must_be(visit, "requested")`."""
    name = getattr(function, "name", "")
    return sorted(
        {
            each.args[1].value
            for each in ast.walk(tree)
            if isinstance(each, ast.Call)
            and ast.unparse(each.func) == name
            and len(each.args) > 1
            and isinstance(each.args[1], ast.Constant)
            and isinstance(each.args[1].value, str)
        }
    )


def _status(given: dict[str | None, ast.expr], usual: int) -> int:
    status = given.get("status")
    return status.value if isinstance(status, ast.Constant) else usual  # type: ignore[return-value]


def _words(given: dict[str | None, ast.expr], node: ast.Call, usual: str) -> str:
    written = given.get("detail") or (node.args[1] if len(node.args) > 1 else None)
    name = getattr(node.func, "id", "")
    if name == "Poisoned" or written is None:
        return usual
    text = _text(written)
    return text if " " in text or not text else f"this step needs it to be {text}"


def _text(written: ast.expr) -> str:
    """The sentence, with `…` for what is put in."""
    if isinstance(written, ast.Constant):
        return str(written.value)
    if isinstance(written, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else "…" for each in written.values)
        return "".join(map(str, parts))
    return "…"


def page() -> str:
    """The whole page."""
    by_code: dict[str, list[Refusal]] = {}
    for each in refusals():
        by_code.setdefault(each.code, []).append(each)
    lines = [_HEAD, "| code | service | HTTP | what it says |", "| --- | --- | --- | --- |"]
    for code, said in sorted(by_code.items()):
        services = ", ".join(sorted({each.service for each in said}))
        statuses = ", ".join(map(str, sorted({each.status for each in said})))
        words = sorted({each.words for each in said if each.words.strip("… ")})
        text = " / ".join(words).replace("|", "\\|").replace("\n", " ")
        lines.append(
            f"| `{code}` | {services} | {statuses} | {text or 'says what the step needs'} |"
        )
    return "\n".join(lines) + "\n"


_HEAD = """# Refusals

Every answer that refuses is `application/problem+json` (RFC 9457) and has a `code`. A code is
stable: switch on it. `detail` says what was wrong and what to do, `field` where; nothing was
changed. This page is written by `make refusals` from the code, and a test holds the two together;
`…` is what the sentence names.

| HTTP | what to do |
| --- | --- |
| 400, 422 | mend the request: `field` says where |
| 401, 403 | send a token, or one that covers the role and the unit |
| 404, 410 | it is not here, or not any more |
| 409 | the rules, or another record, say no: `detail` says what has to come first |
| 412 | the record is at another version than If-Match names: load it, and decide again |
| 500 | a mistake of ours: nothing was changed, tell the operator |
| 503 | wait for the seconds of Retry-After, then send the same again |

`<kind>` is the word in an id: `partner-unknown`, `visit-unknown`. Service *all* is every service.
What is said of an EWP document is in [ewp.md](ewp.md).
"""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
