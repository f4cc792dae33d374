"""The usual idiom, both halves of it: `write` and `read`, each a process.

write   a FastAPI service that stores a record and an outbox row in one session; beside it a task
        that looks every so often, sends each row and awaits it, and marks it
read    FastStream as its documentation shows it: a message, a session, a commit
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from faststream import FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel
from sqlalchemy import JSON, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.contenders.meter import given, quicken


class Base(DeclarativeBase):
    """Of the tables below."""


class Partner(Base):
    """What the service keeps."""

    __tablename__ = "partners"

    id: Mapped[str] = mapped_column(primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class Outbox(Base):
    """What it has to send."""

    __tablename__ = "outbox"

    number: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    sent: Mapped[bool] = mapped_column(default=False, index=True)


class Record(Base):
    """What the reader keeps."""

    __tablename__ = "records"

    subject: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    state: Mapped[dict[str, Any]] = mapped_column(JSON)


class RegisterPartner(BaseModel):
    """The command, and the fact."""

    unit: str
    kind: str
    name: str
    country: str


class Registered(RegisterPartner):
    """The fact."""

    id: str


Sessions = async_sessionmaker[AsyncSession]


def sessions_on(dsn: str) -> Sessions:
    engine = create_async_engine(dsn.replace("postgresql:", "postgresql+asyncpg:", 1), pool_size=16)
    return async_sessionmaker(engine, expire_on_commit=False)


def write(*, dsn: str, kafka: str, topic: str, port: int, poll: float) -> None:
    sessions = sessions_on(dsn)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        producer = AIOKafkaProducer(bootstrap_servers=kafka)
        await producer.start()
        relaying = asyncio.create_task(relay(sessions, producer, topic, poll))
        yield
        relaying.cancel()
        await producer.stop()

    app = FastAPI(lifespan=lifespan)

    @app.post("/partners", status_code=201)
    async def register_partner(command: RegisterPartner) -> Registered:
        fact = Registered(id=f"partner-{uuid.uuid4()}", **command.model_dump())
        async with sessions() as session:
            session.add(Partner(id=fact.id, fields=command.model_dump()))
            session.add(Outbox(subject=fact.id, data=fact.model_dump(), sent=False))
            await session.commit()
        return fact

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


async def relay(sessions: Sessions, producer: AIOKafkaProducer, topic: str, poll: float) -> None:
    while True:
        async with sessions() as session:
            query = select(Outbox).where(~Outbox.sent).order_by(Outbox.number).limit(100)
            rows = (await session.scalars(query.with_for_update(skip_locked=True))).all()
            for row in rows:
                value = Registered.model_validate(row.data).model_dump_json().encode()
                await producer.send_and_wait(topic, value, key=row.subject.encode())
                row.sent = True
            await session.commit()
        if not rows:
            await asyncio.sleep(poll)


async def read(*, dsn: str, kafka: str, topic: str) -> None:
    broker, sessions = KafkaBroker(kafka, logger=None), sessions_on(dsn)

    @broker.subscriber(topic, group_id="idiom", auto_offset_reset="earliest")
    async def on_registered(fact: Registered) -> None:
        async with sessions() as session:
            state = fact.model_dump(exclude={"id"})
            await session.merge(Record(subject=fact.id, version=1, state=state))
            await session.commit()

    await FastStream(broker, logger=None).run()


if __name__ == "__main__":
    quicken()
    job = given()
    if job.pop("half") == "write":
        write(**job)
    else:
        asyncio.run(read(**job))
