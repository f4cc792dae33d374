"""FastStream as its documentation shows it: one Pydantic message, one session, one commit."""

from datetime import datetime
from typing import Annotated, Any

import uvloop
from faststream import Context, FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel
from sqlalchemy import JSON, DateTime
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.contenders.meter import Meter, given, quicken, say
from services.reporting.incoming.agreements import Agreement, AgreementCorrected
from services.reporting.incoming.mobility import Stay, StayCorrected
from services.reporting.incoming.visits import Visit, VisitCorrected


class Base(DeclarativeBase):
    """Of the tables below."""


class HistoryRow(Base):
    """What a fact set."""

    __tablename__ = "history"

    subject: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class RecordRow(Base):
    """What is known now."""

    __tablename__ = "records"

    subject: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
    known_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[dict[str, Any]] = mapped_column(JSON)


async def main(*, kafka: str, topics: list[str], group: str, dsn: str, events: int) -> None:
    broker = KafkaBroker(kafka, logger=None)
    app = FastStream(broker, logger=None)
    engine = create_async_engine(dsn.replace("postgresql:", "postgresql+asyncpg:", 1))
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    meter = Meter(events)

    async def store(fact: BaseModel, headers: dict[str, str]) -> None:
        meter.begin()
        fields = fact.model_dump(mode="json", exclude_unset=True)
        fields |= fields.pop("changes", {})
        subject, version = headers["ce_subject"], int(headers["ce_sequence"])
        known_from = datetime.fromisoformat(headers["ce_time"])
        async with sessions() as session:
            record = await session.get(RecordRow, subject)
            if record is None:
                record = RecordRow(subject=subject, version=0, state={})
                session.add(record)
            if record.version < version:
                record.version, record.known_from = version, known_from
                record.state = record.state | fields
                session.add(
                    HistoryRow(
                        subject=subject, version=version, known_from=known_from, fields=fields
                    )
                )
                await session.commit()
        if meter.reached(meter.count + 1):
            app.exit()

    headers = Context("message.headers")
    agreements, visits, mobility = (
        broker.subscriber(topic, group_id=group, auto_offset_reset="earliest", no_reply=True)
        for topic in topics
    )

    @agreements
    async def on_agreement(
        fact: Agreement | AgreementCorrected, headers: Annotated[dict[str, str], headers]
    ) -> None:
        await store(fact, headers)

    @visits
    async def on_visit(
        fact: Visit | VisitCorrected, headers: Annotated[dict[str, str], headers]
    ) -> None:
        await store(fact, headers)

    @mobility
    async def on_stay(
        fact: Stay | StayCorrected, headers: Annotated[dict[str, str], headers]
    ) -> None:
        await store(fact, headers)

    await app.run()
    await engine.dispose()
    say(rate=meter.rate())


if __name__ == "__main__":
    quicken()
    uvloop.run(main(**given()))
