"""The file of accounts that are kept by hand: lots, cash, typed prices, orders and the fills that people told."""

from __future__ import annotations

from pathlib import Path

from core.adapters.brokers.own_database import OwnDatabase

_FIRST = (
    """CREATE TABLE accounts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        currency TEXT NOT NULL,
        has_fractions INTEGER NOT NULL DEFAULT 0 CHECK (has_fractions IN (0, 1)),
        cash TEXT NOT NULL CHECK (typeof(cash) = 'text'),
        confirmed_at TEXT,
        opened_at TEXT NOT NULL)""",
    """CREATE TABLE cash_movements (
        id INTEGER PRIMARY KEY,
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        key TEXT NOT NULL,
        amount TEXT NOT NULL CHECK (typeof(amount) = 'text'),
        at TEXT NOT NULL,
        UNIQUE (account_id, key))""",
    """CREATE TABLE lots (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        symbol TEXT NOT NULL,
        quantity TEXT NOT NULL CHECK (typeof(quantity) = 'text'),
        cost_per_share TEXT CHECK (typeof(cost_per_share) IN ('text', 'null')),
        acquired TEXT)""",
    "CREATE INDEX lots_of_account ON lots (account_id, symbol)",
    """CREATE TABLE prices (
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        symbol TEXT NOT NULL,
        price TEXT NOT NULL CHECK (typeof(price) = 'text'),
        typed_at TEXT NOT NULL,
        valid_until TEXT NOT NULL,
        PRIMARY KEY (account_id, symbol)) WITHOUT ROWID""",
    """CREATE TABLE orders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        account_id INTEGER NOT NULL REFERENCES accounts (id),
        client_order_id TEXT NOT NULL,
        symbol TEXT NOT NULL,
        side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
        quantity TEXT NOT NULL CHECK (typeof(quantity) = 'text'),
        expected_price TEXT NOT NULL CHECK (typeof(expected_price) = 'text'),
        state TEXT NOT NULL,
        handed_over_at TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        UNIQUE (account_id, client_order_id))""",
    """CREATE INDEX open_orders ON orders (account_id)
        WHERE state IN ('submitted', 'partially_filled')""",
    """CREATE TABLE fills (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        order_id INTEGER NOT NULL REFERENCES orders (id),
        key TEXT NOT NULL,
        quantity TEXT NOT NULL CHECK (typeof(quantity) = 'text'),
        price TEXT NOT NULL CHECK (typeof(price) = 'text'),
        at TEXT NOT NULL,
        UNIQUE (order_id, key))""",
)

_PROXIES = (
    "ALTER TABLE prices ADD COLUMN proxy TEXT",
    """ALTER TABLE prices ADD COLUMN proxy_price TEXT
        CHECK (typeof(proxy_price) IN ('text', 'null')
            AND (proxy IS NULL) = (proxy_price IS NULL))""",
)


class Database(OwnDatabase):
    """The file of hand-kept accounts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, (_FIRST, _PROXIES))
