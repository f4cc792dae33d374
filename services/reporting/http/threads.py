"""Threads over HTTP: what a record came from, and what it led to."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.reporting.domain.threads import title_of
from services.reporting.http.asking import link_of
from services.reporting.incoming import kind_of
from services.reporting.usecases.threads import Thread, thread_of
from shared.http import Reads

__all__ = ["ThreadView", "router"]

router = APIRouter(tags=["threads"])


class FollowUp(BaseModel):
    """What was to be done after a visit; a thread can be asked of it, as `<visit>:<id>`."""

    subject: str
    text: str
    status: str
    due_on: str | None
    became: str | None


class Node(BaseModel):
    """A record of a thread."""

    subject: str
    kind: str
    title: str
    status: str | None
    link: str | None
    follow_ups: list[FollowUp] = Field(description="Of a visit: also those that led to nothing.")


class Link(BaseModel):
    """One record came from another."""

    earlier: str
    later: str
    follow_up: str | None = Field(description="By which follow-up of the earlier one.")


class ThreadView(BaseModel):
    """A thread, from whichever of its records it was asked."""

    subject: str
    records: list[Node]
    links: list[Link] = Field(description="Which came from which.")


@router.get("/threads/{subject}")
async def thread(subject: str, call: Reads) -> ThreadView:
    """Visit, follow-up, agreement, mobility: read in both directions, from any record of it."""
    return view(await call.read(lambda tx: thread_of(tx, subject)))


def view(found: Thread) -> ThreadView:
    """A thread as it is shown."""
    return ThreadView(
        subject=found.subject,
        records=[
            Node(
                subject=subject,
                kind=kind_of(subject),
                title=title_of(subject, state),
                status=state.get("status"),
                link=link_of(subject),
                follow_ups=_follow_ups(subject, state),
            )
            for subject, state in found.records.items()
        ],
        links=[
            Link(earlier=link.earlier, later=link.later, follow_up=link.follow_up)
            for link in found.links
        ],
    )


def _follow_ups(subject: str, state: Mapping[str, Any]) -> list[FollowUp]:
    return [
        FollowUp(
            subject=f"{subject}:{each.get('id', '')}",
            text=each.get("text", ""),
            status=each.get("status", "open"),
            due_on=each.get("due_on"),
            became=each.get("became"),
        )
        for each in state.get("follow_ups") or ()
    ]
