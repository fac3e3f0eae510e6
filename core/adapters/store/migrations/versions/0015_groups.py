"""Homes in topics, and the groups in which amounts may be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add a table and a column; amounts are hidden in every group until an owner shows them."""
    op.create_table(
        "shown_amounts",
        sa.Column("portfolio_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolios.id"], name=op.f("fk_shown_amounts_portfolio_id")
        ),
        sa.PrimaryKeyConstraint("portfolio_id", "chat_id", name=op.f("pk_shown_amounts")),
    )
    op.add_column("portfolios", sa.Column("home_topic_id", sa.BigInteger(), nullable=True))
