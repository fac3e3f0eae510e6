"""The switches back that harvests leave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.adapters.store.column_types import ExactDecimal

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a table; nothing that was stored changes."""
    op.create_table(
        "switches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portfolio_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("sold_id", sa.Integer(), nullable=False),
        sa.Column("bought_id", sa.Integer(), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("saves", ExactDecimal(), nullable=False),
        sa.Column("look_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("offered", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'stayed', 'over')", name=op.f("ck_switches_state")
        ),
        *(_link(column, target) for column, target in _LINKS.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_switches")),
        sa.UniqueConstraint(
            "proposal_id",
            "account_id",
            "sold_id",
            name=op.f("uq_switches_proposal_id_account_id_sold_id"),
        ),
    )
    op.create_index("ix_switches_portfolio_id_state", "switches", ["portfolio_id", "state"])


_LINKS = {
    "portfolio_id": "portfolios.id",
    "account_id": "accounts.id",
    "proposal_id": "proposals.id",
    "sold_id": "instruments.id",
    "bought_id": "instruments.id",
    "offered": "proposals.id",
}


def _link(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_switches_{column}"))
