"""When people were last told that a rule holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add a column; what was told before is told once more."""
    op.add_column("rules", sa.Column("told_on", sa.Date(), nullable=True))
