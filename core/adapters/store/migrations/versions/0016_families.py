"""Members of several households, invitations for several people, and offers to hand a portfolio over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import UtcDateTime

revision = "0016"
down_revision = "0015"

ROLES = "'viewer', 'proposer', 'approver', 'owner'"


def upgrade() -> None:
    """Everybody belongs to the household they came in at; a used invitation was used once, at a time not known."""
    _households()
    used = op.get_bind().execute(
        sa.text("SELECT code_hash, used_by, role FROM invitations WHERE used_by IS NOT NULL")
    )
    joined = [(row.code_hash, row.used_by, row.role) for row in used]
    _invitations()
    _joinings(joined)
    op.create_table(
        "offers",
        sa.Column("portfolio_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("giver_id", sa.Integer(), nullable=False),
        sa.Column("taker_id", sa.Integer(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["portfolio_id"], ["portfolios.id"], name=op.f("fk_offers_portfolio_id")
        ),
        sa.ForeignKeyConstraint(["giver_id"], ["members.id"], name=op.f("fk_offers_giver_id")),
        sa.ForeignKeyConstraint(["taker_id"], ["members.id"], name=op.f("fk_offers_taker_id")),
        sa.PrimaryKeyConstraint("portfolio_id", name=op.f("pk_offers")),
    )


def _households() -> None:
    op.add_column(
        "portfolios",
        sa.Column("is_shared", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "household_members",
        sa.Column("household_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_members_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_household_members_member_id")
        ),
        sa.PrimaryKeyConstraint("household_id", "member_id", name=op.f("pk_household_members")),
    )
    op.create_index("ix_household_members_member_id", "household_members", ["member_id"])
    op.execute(
        "INSERT INTO household_members (household_id, member_id) "
        "SELECT household_id, id FROM members"
    )


def _invitations() -> None:
    with op.batch_alter_table("invitations") as table:
        table.add_column(sa.Column("uses", sa.Integer(), server_default="1", nullable=False))
        table.add_column(sa.Column("used", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("created_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("revoked_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE invitations SET used = 1 WHERE used_by IS NOT NULL")
    with op.batch_alter_table("invitations") as table:
        table.drop_constraint("fk_invitations_used_by", type_="foreignkey")
        table.drop_column("used_by")
    op.create_index("ix_invitations_portfolio_id", "invitations", ["portfolio_id"])


def _joinings(joined: list[tuple[str, int, str]]) -> None:
    joinings = op.create_table(
        "joinings",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("role_before", sa.String(), nullable=True),
        sa.Column("joined_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(f"role IN ({ROLES})", name=op.f("ck_joinings_role")),
        sa.CheckConstraint(f"role_before IN ({ROLES})", name=op.f("ck_joinings_role_before")),
        sa.ForeignKeyConstraint(
            ["code_hash"], ["invitations.code_hash"], name=op.f("fk_joinings_code_hash")
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_joinings_member_id")),
        sa.PrimaryKeyConstraint("code_hash", "member_id", name=op.f("pk_joinings")),
    )
    rows = [{"code_hash": code, "member_id": who, "role": role} for code, who, role in joined]
    if rows:
        op.bulk_insert(joinings, rows)
