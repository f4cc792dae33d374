"""What is kept for extracts: named mappings, and what each row said last, without names.

The program that reads the extract works out the difference and hands in the events; here it finds
what was said, and leaves what it is about to say and what it has said.
"""

import json
import secrets
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.mobility import store
from services.mobility.events.values import Text
from services.mobility.usecases.ground import Allow
from services.mobility.usecases.persons import NamePerson, name_person
from shared.database import Database, Transaction
from shared.errors import Rejected
from shared.facts import Value

MOST_ROWS = 1000
Key = Annotated[str, StringConstraints(min_length=1, max_length=300)]


class KeepMapping(BaseModel):
    """Which column is which field, as the program that reads the extract understands it."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "system": "registrar",
                    "source": "/hust/registrar",
                    "rows": "exchange",
                    "record": "Exchange no",
                    "person": {"column": "Student no", "prefix": "st:"},
                    "name": ["Name"],
                    "columns": {"unit": "Faculty", "starts_on": "From", "ends_on": "To"},
                    "values": {"unit": {"ME": "hust/me"}},
                    "constants": {"direction": "out", "kind": "exchange-study"},
                }
            ]
        },
    )

    system: Annotated[str, StringConstraints(pattern="^(hr|registrar)$")]
    source: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class MappingKept(BaseModel):
    """A named mapping, and what else is needed to read an extract by it."""

    name: str
    mapping: dict[str, Any]
    secret: str = Field(description="What refs are worked out with from numbers of persons.")
    most_missing: float = Field(description="The share that may be missing before it is refused.")
    now: AwareDatetime
    rows: int = Field(description="Rows of the last extract.")


class ExtractRow(Value):
    """What one row said last."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"key": "E-1", "revision": 1, "document": {"record": "E-1"}}]
        },
    )

    key: Key
    revision: int = Field(ge=0)
    document: dict[str, Any] | None = None
    announced: dict[str, Any] | None = Field(
        default=None, description="What is about to be said; null once it has been."
    )


class KeepRows(Value):
    """Rows to keep, and keys to forget."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"items": [{"key": "E-1", "revision": 1, "document": {"record": "E-1"}}]}]
        }
    )
    items: list[ExtractRow] = Field(max_length=MOST_ROWS)
    forget: list[Key] = Field(default=[], max_length=MOST_ROWS)


class RowsKept(BaseModel):
    """How many rows were kept."""

    count: int


class PersonTold(NamePerson):
    """A name, as an extract tells it."""

    ref: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
    name: Text


class TellPersons(BaseModel):
    """Names behind refs; the same again changes nothing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"items": [{"ref": "st:1", "unit": "hust/me", "name": "Nguyen Van A (invented)"}]}
            ]
        }
    )
    items: list[PersonTold] = Field(max_length=MOST_ROWS)


class PersonsTold(BaseModel):
    """How many names had which outcome: created, changed, unchanged, erased."""

    counts: dict[str, int]


async def keep_mapping(tx: Transaction, name: str, command: KeepMapping) -> MappingKept:
    """Keep a mapping under its name; its secret is made once and stays."""
    table = store.extract_mappings
    secret = json.dumps([name, secrets.token_urlsafe(32)])
    row = insert(table).values(
        name=name,
        document=command.model_dump(mode="json"),
        secret=tx.cipher.seal(secret),
        key_id=tx.cipher.key_id,
        updated_at=tx.now,
    )
    changes = {field: row.excluded[field] for field in ("document", "updated_at")}
    await tx.connection.execute(row.on_conflict_do_update(index_elements=["name"], set_=changes))
    kept = await mapping_named(tx, name, most_missing=0)
    return kept.model_copy(update={"secret": ""})  # answers are kept, too, for who asks again


async def seal_anew(database: Database) -> None:
    """A job: secrets that an older key sealed are sealed with the first one, as names are."""
    table = store.extract_mappings
    async with database.begin(actor="seal-anew", correlation_id="seal-anew") as tx:
        rows = await tx.connection.execute(
            select(table.c.name, table.c.secret).where(table.c.key_id != tx.cipher.key_id)
        )
        for name, secret in rows.all():
            anew = {"secret": tx.cipher.seal(tx.cipher.open(secret)), "key_id": tx.cipher.key_id}
            await tx.connection.execute(update(table).where(table.c.name == name).values(anew))
    await store.persons.seal_anew(database)


async def mapping_named(tx: Transaction, name: str, *, most_missing: float) -> MappingKept:
    """Raises Rejected("mapping-unknown", 404)."""
    table = store.extract_mappings
    row = (
        (await tx.connection.execute(select(table).where(table.c.name == name)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise Rejected("mapping-unknown", f"there is no mapping {name!r}", status=404)
    kept = store.extract_rows
    count = select(func.count()).where(kept.c.mapping == name, kept.c.document.is_not(None))
    return MappingKept(
        name=name,
        mapping=row["document"],
        secret=json.loads(tx.cipher.open(row["secret"]))[1],
        most_missing=most_missing,
        now=tx.now,
        rows=await tx.connection.scalar(count) or 0,
    )


async def mapping_names(tx: Transaction) -> list[str]:
    query = select(store.extract_mappings.c.name).order_by(store.extract_mappings.c.name)
    return list(await tx.connection.scalars(query))


async def rows_of(tx: Transaction, name: str, *, after: str | None, limit: int) -> list[ExtractRow]:
    """Rows of the last extract in the order of their keys."""
    table = store.extract_rows
    query = select(table).where(table.c.mapping == name).order_by(table.c.key).limit(limit)
    if after is not None:
        query = query.where(table.c.key > after)
    rows = (await tx.connection.execute(query)).mappings()
    return [
        ExtractRow(
            key=row["key"],
            revision=row["revision"],
            document=row["document"],
            announced=row["announced"],
        )
        for row in rows
    ]


async def keep_rows(tx: Transaction, name: str, command: KeepRows) -> RowsKept:
    """Keep these in place of what was there; one that another run has moved on is left alone."""
    await mapping_named(tx, name, most_missing=0)
    table = store.extract_rows
    if command.items:
        row = insert(table)
        changes = {field: row.excluded[field] for field in ("revision", "document", "announced")}
        await tx.connection.execute(
            row.on_conflict_do_update(
                index_elements=["mapping", "key"],
                set_=changes,
                where=table.c.revision <= row.excluded.revision,
            ),
            [{"mapping": name} | each.model_dump() for each in command.items],
        )
    if command.forget:
        await tx.connection.execute(
            delete(table).where(table.c.mapping == name, table.c.key.in_(command.forget))
        )
    return RowsKept(count=len(command.items))


async def tell_persons(tx: Transaction, allow: Allow, command: TellPersons) -> PersonsTold:
    """Keep names; of those who were erased, nothing."""
    counts: dict[str, int] = {}
    for each in command.items:
        try:
            outcome: str = (await name_person(tx, allow, each.ref, each)).outcome
        except Rejected as refusal:
            if refusal.code != "person-erased":
                raise
            outcome = "erased"
        counts[outcome] = counts.get(outcome, 0) + 1
    return PersonsTold(counts=counts)
