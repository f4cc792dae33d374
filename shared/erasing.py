"""Erasing a person: the same two routes for every service that knows names.

Records keep the ref, which then stands for nobody, so that what is counted stays counted. That it
was done is written down, without what was erased. The list of erased refs is what makes an erasure
hold after a back-up from before it was restored: each service's list can be told to the others
again (`rapport erase again`).
"""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import select

from shared.database import Transaction
from shared.http import Operates, Page
from shared.parking import audit
from shared.personal import Personal

__all__ = ["router"]

Ref = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Erase(BaseModel):
    """Whom to erase: all refs under which they are known."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"refs": ["st:20164107"]}]})

    refs: list[Ref] = Field(min_length=1, max_length=1000)
    why: str = Field(default="", max_length=2000, description="Goes to the audit trail.")


class Done(BaseModel):
    """The evidence: what was done, and when, without what was erased."""

    refs: list[str]
    erased: int = Field(description="Rows that were deleted; 0 where nothing was kept, or twice.")
    at: AwareDatetime


class Erased(BaseModel):
    """A ref that stands for nobody any more."""

    ref: str
    erased_at: AwareDatetime


def router(persons: Personal) -> APIRouter:
    """`POST` and `GET /persons/erasures`; to be included before a route `/persons/{ref}`."""
    routes = APIRouter(prefix="/persons/erasures", tags=["persons"])

    @routes.post("", response_model=Done)
    async def erase_persons(body: Erase, call: Operates) -> Response:
        """Delete what is known of a person under these refs, for ever. Again changes nothing."""

        async def work(tx: Transaction) -> Done:
            refs = sorted(set(body.refs))
            count = await persons.erase(tx.connection, refs, at=tx.now)
            details = {"refs": refs, "rows": count, "why": body.why}
            actor = call.principal.subject
            await audit(tx.connection, call.context.database, actor, "person-erased", details)
            return Done(refs=refs, erased=count, at=tx.now)

        return await call.once(work)

    @routes.get("")
    async def list_erased(call: Operates) -> Page[Erased]:
        """Every ref that was ever erased here."""
        query = select(persons.erased).order_by(persons.erased.c.erased_at, persons.erased.c.ref)

        async def read(tx: Transaction) -> list[Erased]:
            rows = (await tx.connection.execute(query)).mappings()
            return [Erased(ref=row["ref"], erased_at=row["erased_at"]) for row in rows]

        return Page(items=await call.read(read))

    return routes
