"""Threads over HTTP: what a record came from, and what it led to."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from services.reporting.domain.threads import title_of
from services.reporting.http.asking import link_of
from services.reporting.incoming import kind_of
from services.reporting.usecases.threads import Thread, thread_of
from shared.http import Reads

__all__ = ["ThreadView", "router"]

router = APIRouter(tags=["threads"])


class Node(BaseModel):
    """A record of a thread."""

    subject: str
    kind: str
    title: str
    status: str | None
    link: str | None


class Link(BaseModel):
    """One record came from another."""

    earlier: str
    later: str


class ThreadView(BaseModel):
    """A thread, from whichever of its records it was asked."""

    subject: str
    records: list[Node]
    links: list[Link] = Field(description="Which came from which.")


@router.get("/threads/{subject}")
async def thread(subject: str, call: Reads) -> ThreadView:
    """Visit, follow-up, agreement, mobility: read in both directions."""
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
            )
            for subject, state in found.records.items()
        ],
        links=[Link(earlier=earlier, later=later) for earlier, later in found.links],
    )
