"""The ledger of lots with what is left of them, what was realised, tax profiles, and equal symbols."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import ExactDecimal

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add to the tables of before, whose lots nobody wrote; nothing that was stored changes."""
    op.add_column(
        "lots", sa.Column("remaining", ExactDecimal(), nullable=False, server_default="0")
    )
    op.add_column("lots", sa.Column("name", sa.String(), nullable=False, server_default=""))
    op.add_column("lots", sa.Column("execution", sa.String(), nullable=True))
    op.create_index(
        "uq_lots_execution",
        "lots",
        ["execution"],
        unique=True,
        sqlite_where=sa.text("execution IS NOT NULL"),
        postgresql_where=sa.text("execution IS NOT NULL"),
    )
    _make_realised()
    op.create_table(
        "tax_profiles",
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("carried_short", ExactDecimal(), nullable=False),
        sa.Column("carried_long", ExactDecimal(), nullable=False),
        sa.Column("realised_short", ExactDecimal(), nullable=False),
        sa.Column("realised_long", ExactDecimal(), nullable=False),
        sa.CheckConstraint("rules IN ('none', 'us')", name=op.f("ck_tax_profiles_rules")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_tax_profiles_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_tax_profiles")),
    )
    op.create_table(
        "equivalents",
        sa.Column("household_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instrument_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_equivalents_household_id")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_equivalents_instrument_id")
        ),
        sa.PrimaryKeyConstraint("household_id", "instrument_id", name=op.f("pk_equivalents")),
    )


def _make_realised() -> None:
    op.create_table(
        "realised",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("acquired", sa.Date(), nullable=True),
        sa.Column("quantity", ExactDecimal(), nullable=False),
        sa.Column("proceeds", ExactDecimal(), nullable=False),
        sa.Column("gain", ExactDecimal(), nullable=True),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("sold", sa.Date(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("execution", sa.String(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("term IN ('short', 'long', 'unknown')", name=op.f("ck_realised_term")),
        sa.CheckConstraint(
            "CAST(quantity AS DOUBLE PRECISION) > 0", name=op.f("ck_realised_quantity_above_zero")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_realised_account_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["members.id"], name=op.f("fk_realised_owner_id")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instruments.id"], name=op.f("fk_realised_instrument_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_realised")),
        sa.UniqueConstraint("execution", "part", name=op.f("uq_realised_execution_part")),
    )
    op.create_index("ix_realised_account_id_sold", "realised", ["account_id", "sold"])
