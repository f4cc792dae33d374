"""The page: a unit's year at a glance, and the records behind each number one click away."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.reporting.domain.measures import measure_named
from services.reporting.gateways.countries import country_name
from services.reporting.gateways.pages import page
from services.reporting.http import threads
from services.reporting.http.asking import Known, On, Year, link_of, number_of
from services.reporting.http.measures import narrowing
from services.reporting.http.plans import aim
from services.reporting.usecases.asking import ask_measure, asked
from services.reporting.usecases.dashboard import look
from services.reporting.usecases.threads import thread_of
from shared.database import Transaction
from shared.errors import Rejected
from shared.http import COOKIE, Context
from shared.security import Principal, Role

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

T = TypeVar("T")

_COOKIE_SECONDS = 12 * 3600
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}
_PART_WORDS = {
    "kind": "kind",
    "who": "who",
    "country": "country",
    "theme": "theme",
    "level": "level",
    "foreign": "foreign",
    "partner_kind": "kind of partner",
    "direction": "direction",
}


@dataclass(frozen=True, slots=True)
class _Visitor:
    """Who looks at the page."""

    context: Context
    principal: Principal

    async def read(self, query: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self.context.database.read() as tx:
            return await query(tx)

    def choose(self, unit: str | None) -> str:
        """The asked unit, else the first that the visitor's token covers."""
        if unit is not None:
            return unit
        for each in self.context.reference:
            if self.principal.covers(each.id):
                return str(each.id)
        return str(next(iter(self.context.reference)).id)


@router.get("/sign-in")
async def sign_in(request: Request, token: str | None = None) -> Response:
    """Puts the token of the link into a cookie that scripts and other sites cannot use."""
    return _sign_in_page() if token is None else _welcome(request, token)


@router.post("/sign-in")
async def sign_in_by_form(request: Request, token: Annotated[str, Form()]) -> Response:
    """The same, for a token that was pasted."""
    return _welcome(request, token.strip())


@router.post("/sign-out")
async def sign_out() -> Response:
    """Forgets the token."""
    response = RedirectResponse("/reporting/sign-in", 303, headers=_HEADERS)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@router.get("/page.css")
async def style() -> Response:
    """The page's style."""
    css = resources.files("services.reporting").joinpath("templates/page.css").read_bytes()
    return Response(css, media_type="text/css", headers={"cache-control": "max-age=3600"})


@router.get("/")
async def dashboard(
    request: Request,
    unit: Annotated[str | None, Query()] = None,
    year: Year = None,
    on: On = None,
    known: Known = None,
) -> Response:
    """The year at a glance."""
    visitor = _visitor(request)
    if visitor is None:
        return _sign_in_page(status=401)
    chosen = visitor.choose(unit)
    try:
        shown = await visitor.read(
            lambda tx: look(
                tx, asked(tx, unit=chosen, year=year or None, on=on or None, known=known or None)
            )
        )
    except Rejected as refused:
        return _refused(refused)
    question = shown.asked.question
    first = question.period.first
    assert first is not None  # noqa: S101 - years begin
    this_year = visitor.context.database.clock.now().year
    asking = {"unit": chosen, "year": year or str(first.year)}
    return _html(
        "page.html.j2",
        dashboard=shown,
        units=list(visitor.context.reference),
        unit=visitor.context.reference.unit(chosen),
        years=sorted({*range(this_year - 8, this_year + 2), first.year}, reverse=True),
        year=year or str(first.year),
        asked_on=on or "",
        asked_known=known or "",
        query=urlencode(asking | ({"on": on} if on else {}) | ({"known": known} if known else {})),
        states=_states([each.standing.state for each in shown.targets]),
        aim=aim,
        number=number_of,
        country=country_name,
    )


@router.get("/numbers/{name}")
async def number(
    name: str,
    request: Request,
    unit: Annotated[str, Query()],
    year: Year = None,
    on: On = None,
    known: Known = None,
) -> Response:
    """One number with its rule, its parts, and every record behind it."""
    visitor = _visitor(request)
    if visitor is None:
        return _sign_in_page(status=401)
    try:
        measure = measure_named(name)
        where = narrowing(request)

        async def query(tx: Transaction) -> Any:
            asking = asked(tx, unit=unit, year=year, on=on, known=known, where=where)
            return asking, await ask_measure(tx, measure, asking)

        asking, answer = await visitor.read(query)
    except Rejected as refused:
        return _refused(refused)
    own = {"unit": unit, "year": year, "on": on, "known": known}
    base = {name: value for name, value in own.items() if value}
    parts: dict[str, list[tuple[str, int | float | None, str | None]]] = {}
    for group, value in sorted(answer.groups.items(), key=lambda each: -each[1]):
        part, _, called = group.partition("=")
        narrower = {key: ",".join(each) for key, each in where.items()} | {part: called}
        link = f"?{urlencode(base | narrower)}" if part in measure.where else None
        text = country_name(called) if part in ("country", "origin", "destination") else called
        parts.setdefault(_PART_WORDS.get(part, part), []).append((text, number_of(value), link))
    return _html(
        "number.html.j2",
        measure=measure,
        answer=answer,
        asked=asking,
        where=where,
        value=number_of(answer.value),
        parts=parts,
        unit=visitor.context.reference.unit(unit),
        back=urlencode({"unit": unit} | ({"year": year} if year else {})),
        link_of=link_of,
    )


@router.get("/records/{subject}")
async def record(subject: str, request: Request) -> Response:
    """A record: what it came from, what it led to, what is known of it."""
    visitor = _visitor(request)
    if visitor is None:
        return _sign_in_page(status=401)
    try:
        found = await visitor.read(lambda tx: thread_of(tx, subject))
    except Rejected as refused:
        return _refused(refused)
    return _html(
        "record.html.j2",
        thread=threads.view(found),
        subject=found.subject,
        state=found.records[found.subject],
        link=link_of(found.subject),
    )


def _visitor(request: Request) -> _Visitor | None:
    """Who looks, by cookie or bearer token; None for whom nothing may be shown."""
    context: Context = request.app.state.context
    given = request.headers.get("authorization", "")
    token = given[7:].strip() if given[:7].lower() == "bearer " else request.cookies.get(COOKIE)
    if token is None:
        return None
    try:
        principal = context.tokens.verify(token)
    except Rejected:  # expired or of another run: the page says how to sign in
        return None
    roles = (Role.READER, Role.COORDINATOR, Role.OPERATOR)
    return _Visitor(context, principal) if principal.has(roles) else None


def _welcome(request: Request, token: str) -> Response:
    context: Context = request.app.state.context
    try:
        context.tokens.verify(token)
    except Rejected:
        return _sign_in_page(status=401, refused=True)
    response = RedirectResponse(
        "/reporting/", 303, headers=_HEADERS | {"referrer-policy": "no-referrer"}
    )
    response.set_cookie(
        COOKIE,
        token,
        max_age=_COOKIE_SECONDS,
        path="/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


def _sign_in_page(*, status: int = 200, refused: bool = False) -> Response:
    return _html("sign-in.html.j2", status=status, refused=refused)


def _refused(refused: Rejected) -> Response:
    return _html("refused.html.j2", status=refused.status, refused=refused)


def _states(states: list[str]) -> dict[str, int]:
    return {state: states.count(state) for state in dict.fromkeys(states)}


def _html(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(page(template, **values), status, headers=_HEADERS)
