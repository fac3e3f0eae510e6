"""The simulated broker's own database: accounts, their cash and positions, orders and fills."""

from __future__ import annotations

from pathlib import Path

from core.adapters.brokers.own_database import OwnDatabase

_FIRST = (
    """CREATE TABLE accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        currency TEXT NOT NULL,
        cash TEXT NOT NULL CHECK (typeof(cash) = 'text'),
        opened_at TEXT NOT NULL)""",
    """CREATE TABLE cash_movements (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        key TEXT NOT NULL,
        amount TEXT NOT NULL CHECK (typeof(amount) = 'text'),
        at TEXT NOT NULL,
        UNIQUE (account_id, key))""",
    """CREATE TABLE positions (
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        symbol TEXT NOT NULL,
        quantity TEXT NOT NULL CHECK (typeof(quantity) = 'text'),
        PRIMARY KEY (account_id, symbol)) WITHOUT ROWID""",
    """CREATE TABLE orders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        client_order_id TEXT NOT NULL,
        symbol TEXT NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
        quantity TEXT NOT NULL CHECK (typeof(quantity) = 'text'),
        limit_price TEXT CHECK (typeof(limit_price) IN ('text', 'null')),
        state TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '',
        reserved TEXT NOT NULL CHECK (typeof(reserved) = 'text'),
        submitted_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        UNIQUE (account_id, client_order_id))""",
    """CREATE INDEX open_orders ON orders (account_id)
        WHERE state IN ('submitted', 'partially_filled')""",
    """CREATE TABLE fills (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        order_id INTEGER NOT NULL REFERENCES orders (id),
        quantity TEXT NOT NULL CHECK (typeof(quantity) = 'text'),
        price TEXT NOT NULL CHECK (typeof(price) = 'text'),
        commission TEXT NOT NULL CHECK (typeof(commission) = 'text'),
        at TEXT NOT NULL)""",
    "CREATE INDEX fills_of_order ON fills (order_id)",
)


class Database(OwnDatabase):
    """The simulated broker's file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, (_FIRST,))
