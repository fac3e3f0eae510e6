"""Where Alembic starts: it works on the connection and in the transaction that the store has opened."""

from __future__ import annotations

from alembic import context

from core.adapters.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
