"""Alembic's, for the tables of notes.database."""

from alembic import context

from notes.database import Base, engine

# MySQL has no transaction around what makes tables, so this one is committed by its end.
with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
