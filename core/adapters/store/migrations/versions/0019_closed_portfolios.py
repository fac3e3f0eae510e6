"""When a portfolio was closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add a column; none is closed."""
    op.add_column("portfolios", sa.Column("closed_at", UtcDateTime(), nullable=True))
