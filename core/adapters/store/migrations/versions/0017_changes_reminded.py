"""When people were reminded of a change that waits for agreement."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add a column; nobody was reminded so far."""
    op.add_column("changes", sa.Column("reminded_at", UtcDateTime(), nullable=True))
