"""Members' channels outside the chat, and outbox rows that go to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table, and to the outbox where else than to its chat a message goes; nothing stored changes."""
    op.create_table(
        "channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("wants_proposals", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("failing_since", UtcDateTime(), nullable=True),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_channels_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_channels_member_id", "channels", ["member_id"])
    op.add_column("outbox", sa.Column("channel_id", sa.Integer(), nullable=True))
