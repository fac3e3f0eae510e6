"""What members say of their taxes, year by year, so that an earlier year's amounts stay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import ExactDecimal

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Move the amounts to the year that they are of; losses carried in that were 0 are to be calculated."""
    op.create_table(
        "tax_years",
        sa.Column("member_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("carried_short", ExactDecimal(), nullable=True),
        sa.Column("carried_long", ExactDecimal(), nullable=True),
        sa.Column("realised_short", ExactDecimal(), nullable=False),
        sa.Column("realised_long", ExactDecimal(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_tax_years_member_id")),
        sa.PrimaryKeyConstraint("member_id", "year", name=op.f("pk_tax_years")),
    )
    op.execute(
        "INSERT INTO tax_years "
        "(member_id, year, carried_short, carried_long, realised_short, realised_long) "
        "SELECT member_id, year, carried_short, carried_long, realised_short, realised_long "
        "FROM tax_profiles WHERE year > 0"
    )
    op.execute(
        "UPDATE tax_years SET carried_short = NULL, carried_long = NULL "
        "WHERE CAST(carried_short AS DOUBLE PRECISION) = 0 "
        "AND CAST(carried_long AS DOUBLE PRECISION) = 0"
    )
    for name in ("year", "carried_short", "carried_long", "realised_short", "realised_long"):
        op.drop_column("tax_profiles", name)
