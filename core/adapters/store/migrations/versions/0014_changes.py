"""Changes of live portfolios that wait."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add two tables; nothing that was stored changes."""
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portfolio_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("drafted_at", UtcDateTime(), nullable=False),
        sa.Column("takes_effect_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('drafted', 'asked', 'agreed', 'in_force', 'objected', 'withdrawn', "
            "'lapsed', 'overtaken')",
            name=op.f("ck_changes_state"),
        ),
        sa.CheckConstraint(
            "(state NOT IN ('asked', 'agreed', 'in_force')) OR takes_effect_at IS NOT NULL",
            name=op.f("ck_changes_asked_has_a_time"),
        ),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolios.id"], name=op.f("fk_changes_portfolio_id")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["members.id"], name=op.f("fk_changes_asked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_changes_portfolio_id_state", "changes", ["portfolio_id", "state"])
    op.create_table(
        "change_answers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('agree', 'take_back', 'object', 'withdraw')",
            name=op.f("ck_change_answers_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["changes.id"], name=op.f("fk_change_answers_change_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_change_answers_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_answers")),
    )
    op.create_index("ix_change_answers_change_id", "change_answers", ["change_id"])
