"""What members set for their messages, and until when a message waits for the end of quiet hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add two columns; nobody has set anything, and no message waits for the end of quiet hours."""
    op.add_column(
        "members", sa.Column("preferences", sa.String(), server_default="", nullable=False)
    )
    op.add_column("outbox", sa.Column("quiet_until", UtcDateTime(), nullable=True))
