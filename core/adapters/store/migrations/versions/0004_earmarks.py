"""Cash that is set aside to be taken out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import ExactDecimal, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add a table; nothing that was stored changes."""
    op.create_table(
        "earmarks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("amount", ExactDecimal(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("lapses_on", sa.Date(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "CAST(amount AS DOUBLE PRECISION) > 0", name=op.f("ck_earmarks_amount_above_zero")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_earmarks_account_id")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_earmarks_member_id")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_earmarks_proposal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earmarks")),
    )
    op.create_index("ix_earmarks_account_id", "earmarks", ["account_id"])
    op.create_index("ix_earmarks_proposal_id", "earmarks", ["proposal_id"])
