"""Since when rules have held, and when they were last looked at between checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add two columns; no rule has been followed so far."""
    op.add_column("rules", sa.Column("holding_since", sa.Date(), nullable=True))
    op.add_column("rules", sa.Column("looked_at", UtcDateTime(), nullable=True))
