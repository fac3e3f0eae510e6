"""Orders that a broker denies, accounts that are held, and what going live needs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add to the tables of before; nothing that was stored changes."""
    op.add_column("orders", sa.Column("denied_at", UtcDateTime(), nullable=True))
    _add_to_credentials()
    op.create_table(
        "account_holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("lifted_at", UtcDateTime(), nullable=True),
        sa.Column("lifted_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_holds_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["members.id"], name=op.f("fk_account_holds_lifted_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_holds")),
    )
    op.create_index(
        "uq_account_holds_standing",
        "account_holds",
        ["account_id", "reason"],
        unique=True,
        sqlite_where=sa.text("lifted_at IS NULL"),
        postgresql_where=sa.text("lifted_at IS NULL"),
    )
    op.create_table(
        "live_confirmations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("broker_account_id", sa.String(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_live_confirmations_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_live_confirmations_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_confirmations")),
    )
    op.create_index(
        "uq_live_confirmations_standing",
        "live_confirmations",
        ["account_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "one_time_codes",
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("last_step", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_one_time_codes_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_one_time_codes")),
    )


def _add_to_credentials() -> None:
    for column in ("broker_account_id", "origin", "key_hint"):
        op.add_column(
            "credentials", sa.Column(column, sa.String(), nullable=False, server_default="")
        )
