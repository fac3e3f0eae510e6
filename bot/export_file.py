"""Export files: what a member takes away, as one ZIP file with everything as JSON and the long lists as CSV too.

Amounts, shares and weights are texts, so that no digit is lost; instants are ISO 8601 in UTC, dates ISO 8601.
The form is described in docs/export.md; ``FORMAT`` changes with it.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from bot.csv_text import csv_text
from core.application.gather_export import Export, ExportedPortfolio, ExportedProposal
from core.domain.ledger import LedgerLot, RealisedSale
from core.domain.order import Order
from core.domain.policy_fields import describe
from core.domain.portfolio import Account, ManagedPortfolio
from core.domain.proposal import Decision
from core.ports.store import CheckRecord

FORMAT = "evenkeel-export-1"

Row = dict[str, Any]
_WRITTEN_AT = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the archive: the same export gives the same bytes."""


def export_zip(export: Export) -> bytes:
    """The archive: ``everything.json``, ``orders.csv``, ``decisions.csv``, ``lots.csv`` and ``values.csv``."""
    document = export_document(export)
    tables = {
        "orders.csv": [
            {"portfolio": p["short_name"], "proposal": each["number"], **order}
            for p in document["portfolios"]
            for each in p["proposals"]
            for order in each["orders"]
        ],
        "decisions.csv": [
            {"portfolio": p["short_name"], "proposal": each["number"], **decision}
            for p in document["portfolios"]
            for each in p["proposals"]
            for decision in each["decisions"]
        ],
        "lots.csv": _of_each(document, "lots"),
        "values.csv": _of_each(document, "checks"),
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        text = json.dumps(document, ensure_ascii=False, indent=1)
        archive.writestr(zipfile.ZipInfo("everything.json", _WRITTEN_AT), text)
        for name, rows in tables.items():
            archive.writestr(zipfile.ZipInfo(name, _WRITTEN_AT), _table(rows))
    return written.getvalue()


def _of_each(document: Row, key: str) -> list[Row]:
    return [
        {"portfolio": portfolio["short_name"], **row}
        for portfolio in document["portfolios"]
        for row in portfolio[key]
    ]


def _table(rows: Sequence[Row]) -> str:
    """Rows under the names of their values; what is itself a list or an object is left to the JSON file."""
    names = [
        name
        for name, value in (rows[0].items() if rows else ())
        if not isinstance(value, list | dict)
    ]
    return csv_text(names, [["" if r[n] is None else str(r[n]) for n in names] for r in rows])


def export_document(export: Export) -> Row:
    """Everything as plain values of JSON."""
    member = export.member
    return {
        "format": FORMAT,
        "exported_at": _text(export.at),
        "member": {
            "telegram_user_id": member.user_id,
            "name": member.name,
            "households": [each.name for each in export.households],
            "layout": member.layout,
            "picture": member.picture,
            "preferences": _plain(asdict(member.preferences)),
            "channels": [
                {
                    "kind": each.kind,
                    "proposals_too": each.wants_proposals,
                    "rules_too": each.wants_rules,
                    "since": _text(each.created_at),
                }
                for each in export.channels
            ],
            "tax": None
            if export.tax is None
            else _plain(_without(asdict(export.tax), "member_id")),
        },
        "portfolios": [_portfolio(export, each) for each in export.portfolios],
    }


def _portfolio(export: Export, each: ExportedPortfolio) -> Row:
    managed = each.managed
    portfolio = managed.portfolio
    accounts = {account.id: account.name for account in managed.accounts}
    return {
        "short_name": portfolio.slug,
        "name": portfolio.name,
        "currency": portfolio.currency,
        "is_paused": portfolio.is_paused,
        "your_role": each.role.value,
        "members": [{"name": m.member.name, "role": m.role.value} for m in each.memberships],
        "accounts": [_account(account) for account in managed.accounts],
        "targets": _targets(managed),
        "policy": describe(managed.policy),
        "rules": [
            {"number": r.id, "rule": r.text, "action": r.action.value, "is_on": r.is_enabled}
            for r in each.rules
        ],
        "changes": [
            {"at": _text(c.at), "by": c.member_name, "what": c.kind, "to": c.after}
            for c in each.changes
        ],
        "lots": [_lot(lot, accounts[lot.account_id]) for lot in each.lots],
        "realised": [_realised(sale, accounts[sale.account_id]) for sale in each.realised],
        "checks": [_check(check) for check in each.checks],
        "proposals": [_proposal(p, accounts) for p in each.proposals],
        "you_did": [
            {"at": _text(event.at), "what": event.kind, "proposal": event.proposal_id}
            for event in export.events[portfolio.id]
        ],
        "older_ones_left_out": each.is_cut,
    }


def _account(account: Account) -> Row:
    return {
        "name": account.name,
        "broker": account.broker,
        "rung": account.rung.value,
        "tax_treatment": account.tax_treatment.value,
        "currency": account.currency,
    }


def _targets(managed: ManagedPortfolio) -> list[Row]:
    lines = managed.targets.lines if managed.targets else ()
    return [
        {
            "symbol": line.symbol,
            "weight": _text(line.weight),
            "asset_class": line.asset_class,
            "substitutes": list(line.substitutes),
        }
        for line in lines
    ]


def _lot(lot: LedgerLot, account: str) -> Row:
    return {
        "account": account,
        "symbol": lot.symbol,
        "shares": _text(lot.remaining),
        "cost_per_share": _text(lot.cost_per_share),
        "acquired": _text(lot.acquired),
    }


def _realised(sale: RealisedSale, account: str) -> Row:
    return {
        "account": account,
        "symbol": sale.symbol,
        "shares": _text(sale.quantity),
        "acquired": _text(sale.acquired),
        "sold": _text(sale.sold),
        "proceeds": _text(sale.proceeds),
        "gain": _text(sale.gain),
        "term": sale.term.value,
    }


def _check(record: CheckRecord) -> Row:
    numbers = json.loads(record.detail or "{}")
    return {
        "session": _text(record.check.session),
        "checked_at": _text(record.finished_at),
        "outcome": record.outcome,
        "value": numbers.get("total"),
        "portfolio_drift": numbers.get("portfolio_drift"),
    }


def _proposal(each: ExportedProposal, accounts: dict[Any, str]) -> Row:
    proposal = each.proposal
    return {
        "number": proposal.id,
        "state": proposal.state.value,
        "cause": proposal.cause.value,
        "made_at": _text(proposal.created_at),
        "expires_at": _text(proposal.expires_at),
        "revision": proposal.revision.number,
        "trades": [
            {
                "account": accounts.get(int(trade.account), "") if trade.account else "",
                "side": trade.side.value,
                "symbol": trade.symbol,
                "shares": _text(trade.quantity),
                "price": _text(trade.price),
                "value": _text(trade.value),
            }
            for trade in proposal.revision.plan.trades
        ],
        "decisions": [_decision(decision) for decision in proposal.decisions],
        "orders": [_order(order, accounts.get(order.account_id, "")) for order in each.orders],
    }


def _decision(decision: Decision) -> Row:
    return {
        "at": _text(decision.at),
        "by": decision.member_name,
        "decision": decision.kind.value,
        "revision": decision.revision,
    }


def _order(order: Order, account: str) -> Row:
    return {
        "account": account,
        "client_order_id": order.client_order_id,
        "side": order.side.value,
        "symbol": order.symbol,
        "shares": _text(order.quantity),
        "limit_price": _text(order.limit_price),
        "state": order.state.value,
        "filled_shares": _text(order.filled_quantity),
        "average_price": _text(order.average_price),
        "fills": [
            {
                "at": _text(fill.at),
                "shares": _text(fill.quantity),
                "price": _text(fill.price),
                "commission": _text(fill.commission),
            }
            for fill in order.fills
        ],
    }


def _without(values: Row, name: str) -> Row:
    return {key: value for key, value in values.items() if key != name}


def _plain(value: Any) -> Any:
    """Values of the domain as values of JSON."""
    match value:
        case dict():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case Enum():
            return value.value
        case None | bool() | int() | str():
            return value
        case _:
            return _text(value)


def _text(value: Decimal | datetime | date | Enum | object | None) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Enum():
            return str(value.value)
        case _:
            return str(value)
