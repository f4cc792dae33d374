"""A digest as bytes: rendered once, and the same bytes whenever it has to be sent again."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2 import PackageLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.domain import Item, Subscriber, why
from shared.errors import Rejected

__all__ = ["Rendered", "Renderer", "address_of", "header_text", "units_of"]

_POLICY = SMTP.clone(max_line_length=998)
"""The default length folds a long List-Unsubscribe into something that no reader understands."""
_FORBIDDEN = ("\r", "\n", "\0", "\x85", "\u2028", "\u2029", "=?")
_SECTIONS = (
    ("agreements", "Agreements"),
    ("visits", "Visits"),
    ("reminders", "Reminders"),
    ("refusals", "Refused events of the systems that you look after"),
)
_SHOWN = 10
_PERIOD_WORDS = {"daily": "daily", "weekly": "weekly", "monthly": "monthly"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail as it is sent."""

    message_id: str
    message: bytes


class Renderer:
    """Writes digests. `public_url` is where links lead; `sender` the From of every mail."""

    def __init__(self, *, public_url: str, sender: str) -> None:
        self._url = public_url.rstrip("/")
        self._sender = header_text(sender, field="NOTIFY_SENDER")
        self._templates = ImmutableSandboxedEnvironment(
            loader=PackageLoader("services.notify"),
            autoescape=lambda name: name is not None and ".html" in name,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def digest(
        self,
        subscriber: Subscriber,
        *,
        period: str,
        due_at: datetime,
        email: str,
        name: str,
        unsubscribe_token: str,
        items: Sequence[Item],
        states: Mapping[str, Mapping[str, Any]],
    ) -> Rendered:
        """The mail of one subscriber and period. Everything in it follows from its arguments.

        Raises Rejected if an address or a name could end a header.
        """
        unsubscribe = f"{self._url}/notify/unsubscribe/{unsubscribe_token}"
        heading = f"Rapport: {_words(len(items))} in {period}"
        context = {
            "heading": heading,
            "sections": self._sections(subscriber, items, states),
            "period_word": _PERIOD_WORDS[subscriber.period],
            "units": ", ".join(subscriber.units),
            "unsubscribe": unsubscribe,
        }
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._sender
        message["To"] = address_of(name, email)
        message["Subject"] = header_text(heading, field="subject")
        message["Date"] = format_datetime(due_at.astimezone(ZoneInfo(subscriber.zone)))
        key = hashlib.sha256(f"{subscriber.id}\0digest\0{period}".encode()).hexdigest()[:32]
        domain = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        message_id = f"<digest-{key}@{domain}>"
        message["Message-ID"] = message_id
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(self._templates.get_template("digest.txt.j2").render(context))
        html = self._templates.get_template("digest.html.j2").render(context)
        message.add_alternative(html, subtype="html")
        message.set_boundary(f"rapport-{key}")
        return Rendered(message_id, message.as_bytes())

    def unsubscribe_page(self, *, done: bool) -> str:
        """What a reader sees who follows the link: GET asks, POST does."""
        return self._templates.get_template("unsubscribe.html.j2").render(done=done)

    def _sections(
        self,
        subscriber: Subscriber,
        items: Sequence[Item],
        states: Mapping[str, Mapping[str, Any]],
    ) -> list[dict[str, Any]]:
        sections = []
        for interest, title in _SECTIONS:
            lines = [
                {
                    "text": _sentence(item, states[item.subject], states),
                    "link": self._link(item),
                    "why": why(
                        subscriber,
                        units_of(states[item.subject]),
                        item.interest,
                        source=states[item.subject].get("source"),
                    ),
                }
                for item in items
                if item.interest == interest
            ]
            if lines:
                sections.append({"title": title, "lines": lines})
        return sections

    def _link(self, item: Item) -> str:
        if item.interest == "refusals":
            return f"{self._url}/mobility/upstream/refusals"
        return f"{self._url}/reporting/records/{item.subject}"


def units_of(state: Mapping[str, Any]) -> list[str]:
    """The owning unit of a record, and those it is shared with."""
    return [str(state.get("unit", "")), *(state.get("shared_with") or ())]


def header_text(value: str, *, field: str) -> str:
    """The value, if it can stand in a mail header.

    Raises Rejected("header-unsafe"): Python 3.11 lets some of these end a header (an encoded-word
    can hide a line break), so they are refused before they come near one.
    """
    if any(each in value for each in _FORBIDDEN):
        raise Rejected(
            "header-unsafe",
            "may not hold line breaks, NUL or `=?`: it becomes part of a mail header",
            field=field,
            status=422,
        )
    return value


def address_of(name: str, email: str) -> Address:
    """As it stands in To. Raises Rejected("header-unsafe"), Rejected("email-invalid")."""
    header_text(name, field="name")
    try:
        header_text(email, field="email").encode("ascii")  # few servers take any other
        return Address(display_name=name, addr_spec=email)
    except (ValueError, IndexError, MessageError) as error:
        raise Rejected(
            "email-invalid", "this is not an e-mail address", field="email", status=422
        ) from error


def _words(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


_HAPPENED = {
    "agreement-signed": "Signed on",
    "agreement-proposed": "Proposed on",
    "visit-requested": "Requested on",
    "visit-completed": "Completed on",
    "visit-cancelled": "Cancelled, planned for",
    "report-outstanding": "The report was due on",
}


def _sentence(item: Item, state: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> str:
    title = str(state.get("title") or _untitled(item.subject, state))
    parties = _partners(state, states)
    about = f"{title}{f' ({parties})' if parties else ''}"
    day = _day(item.happened_on)
    what, _, months = item.what.partition("-in-")
    if what in _HAPPENED:
        return f"{_HAPPENED[what]} {day}: {about}"
    match what:
        case "agreement-ended":
            return f"Ended on {day} ({state.get('status')}): {about}"
        case "agreement-expiring":
            return f"{_ending(item, state, months)}: {about}"
        case "stay-ending" | "visa-ending" | "permit-ending":
            thing = what.removesuffix("-ending").capitalize()
            return f"{thing} ends on {_deadline(item)}, within {months} days: {about}"
        case "visit-coming":
            within = "1 day" if months == "1" else f"{months} days"
            return f"Begins on {_deadline(item)}, within {within}: {about}"
        case "upstream-refused":
            return _refused(state, day)
        case "recognition-outstanding":
            since = _day(date.fromisoformat(item.id.rpartition("/")[2]))
            return f"Credits are not recognised yet, transcript received on {since}: {about}"
        case _:
            return f"{what.replace('-', ' ').capitalize()} on {day}: {about}"


def _ending(item: Item, state: Mapping[str, Any], months: str) -> str:
    """What ends or renews itself and when, and the day by which something must be done."""
    deadline = _deadline(item)
    within = f"within {months} {'month' if months == '1' else 'months'}"
    if (state.get("renewal") or {}).get("rule") == "tacit":
        return f"Renews itself unless notice is given by {deadline}, {within}"
    return f"Ends on {deadline}, {within}"


def _deadline(item: Item) -> str:
    return _day(date.fromisoformat(item.id.rpartition("/")[2]))


def _refused(state: Mapping[str, Any], day: str) -> str:
    """How many, why and where, and which: enough to find them in the other system."""
    why_ = "; ".join(
        f"{each['count']} of {each['type'] or 'an unknown type'}: {each['code']} at {each['path']}"
        for each in (state.get("reasons") or ())[:_SHOWN]
    )
    ids = ", ".join((state.get("events") or ())[:_SHOWN])
    first = f" The first ids: {ids}." if ids else ""
    return f"{state.get('count')} refused by {day} of {state.get('source')}. {why_}.{first}"


def _untitled(subject: str, state: Mapping[str, Any]) -> str:
    """What a stay or an appointment is called, of which nobody may be named."""
    if subject.startswith("appointment-"):
        return f"appointment of a {state.get('role') or 'guest'}"
    if subject.startswith("stay-"):
        kind = str(state.get("kind") or "stay").replace("-", " ")
        way = "incoming" if state.get("direction") == "in" else "outgoing"
        return f"{kind}, {way} {state.get('who') or 'person'}"
    return subject


def _partners(state: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> str:
    """Names of the outside bodies of an agreement or a visit, as far as they have arrived."""
    names = []
    for party in state.get("parties") or ():
        if party.get("side") == "theirs":
            names.append(states.get(str(party.get("party")), {}).get("name"))
    for partner in state.get("partners") or ():
        known = states.get(str(partner.get("partner")), {}).get("name")
        names.append(partner.get("name") or known)
    if state.get("partner") or state.get("partner_name"):
        known = states.get(str(state.get("partner")), {}).get("name")
        names.append(known or state.get("partner_name"))
    return ", ".join(str(name) for name in names if name)


def _day(day: date) -> str:
    return format_date(day, "d MMMM y", locale="en")
