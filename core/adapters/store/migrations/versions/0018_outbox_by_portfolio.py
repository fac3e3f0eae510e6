"""Find what waits to be told of a portfolio without looking through everything that waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add an index over the messages that wait."""
    op.create_index(
        "ix_outbox_waiting_by_portfolio",
        "outbox",
        ["portfolio_id"],
        sqlite_where=sa.text("sent_at IS NULL AND has_failed = 0"),
        postgresql_where=sa.text("sent_at IS NULL AND NOT has_failed"),
    )
