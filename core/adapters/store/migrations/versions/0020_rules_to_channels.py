"""Whether what rules for market conditions say goes to a channel as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add a column; nobody has asked for it."""
    op.add_column(
        "channels",
        sa.Column("wants_rules", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
