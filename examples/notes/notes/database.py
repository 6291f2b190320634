"""The connection to the database, and what is kept there."""

from __future__ import annotations

import os
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, create_engine, func
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """What Alembic compares the tables with."""


class User(Base):
    """Who writes notes."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password: Mapped[str] = mapped_column(String(160))


class Note(Base):
    """A note; the worker counts its words after it was written."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    written: Mapped[datetime] = mapped_column(server_default=func.now())
    words: Mapped[int | None] = mapped_column(index=True)


# A connection that the server has closed meanwhile is noticed before it is used. What users write is in no log.
engine = create_engine(
    os.environ.get("DATABASE_URL", "sqlite://"), pool_pre_ping=True, pool_recycle=600, hide_parameters=True
)


def session() -> Session:
    """A session that ends with its `with`."""
    return Session(engine)
