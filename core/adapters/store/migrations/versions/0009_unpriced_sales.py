"""Sales of which nobody has told yet what they have brought."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import ExactDecimal

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Let a sale's proceeds be unknown; nothing that was stored changes."""
    op.add_column("realised", sa.Column("brought", ExactDecimal(), nullable=True))
    op.execute("UPDATE realised SET brought = proceeds")
    op.drop_column("realised", "proceeds")
    op.alter_column("realised", "brought", new_column_name="proceeds")
