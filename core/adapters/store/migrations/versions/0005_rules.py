"""Rules for market conditions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import ExactDecimal, UtcDateTime

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a table; nothing that was stored changes."""
    op.create_table(
        "rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portfolio_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("factor", ExactDecimal(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "action IN ('check_now', 'hold_off', 'widen', 'notify')", name=op.f("ck_rules_action")
        ),
        sa.CheckConstraint(
            "(action = 'widen') = (factor IS NOT NULL)", name=op.f("ck_rules_factor_widens")
        ),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolios.id"], name=op.f("fk_rules_portfolio_id")
        ),
        sa.ForeignKeyConstraint(["created_by"], ["members.id"], name=op.f("fk_rules_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rules")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rules_portfolio_id", "rules", ["portfolio_id"])
