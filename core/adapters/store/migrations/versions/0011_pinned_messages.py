"""Pinned messages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add a table; nothing that was stored changes."""
    op.create_table(
        "pinned_messages",
        sa.Column("portfolio_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolios.id"], name=op.f("fk_pinned_messages_portfolio_id")
        ),
        sa.PrimaryKeyConstraint("portfolio_id", "chat_id", name=op.f("pk_pinned_messages")),
    )
