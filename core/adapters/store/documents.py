"""Documents: policies, plans and snapshots as JSON text, exact to the digit.

Fields with defaults may be added to the domain's dataclasses at any time: documents written before are read with the
default, and fields that a newer version wrote are passed over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from pydantic import TypeAdapter

from core.domain.approval import Need
from core.domain.change_kinds import (
    AccountAdded,
    AccountConnected,
    HandOver,
    PolicyChange,
    RoleChange,
    RuleTurnedOn,
    RungRaised,
    TargetsChange,
    What,
)
from core.domain.ids import AccountId
from core.domain.plan import LegKey, Plan, Trade
from core.domain.policy import Policy
from core.domain.portfolio import HoldingChange, Snapshot
from core.domain.preferences import DEFAULTS, Preferences
from core.domain.proposal import PriceMove, Revision
from core.domain.rules import Widening


@dataclass(frozen=True, slots=True)
class Changes:
    """What a revision says of itself besides its plan: what was dropped, moved, changed, who approves, bands.

    One written before rules asked for more than a number has no ``need``.
    """

    dropped: frozenset[LegKey] = frozenset()
    moves: tuple[PriceMove, ...] = ()
    changes: tuple[HoldingChange, ...] = ()
    need: Need | None = None
    widening: Widening | None = None


@lru_cache(maxsize=16)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _write(value: Any, *sets: str) -> str:
    """Write a value; the fields named in ``sets`` have no order of their own and are sorted."""
    plain = _plain(value)
    for name in sets:
        plain[name].sort()
    return _dumped(plain)


def _plain(value: Any) -> Any:
    return _adapter(cast("Any", type(value))).dump_python(
        value,
        mode="json",
        warnings="none",
        fallback=dict,  # read-only mappings are written as plain ones
    )


def _dumped(plain: Any) -> str:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def write_policy(policy: Policy) -> str:
    """Write a policy; equal policies give equal texts where their bands stand in the same order."""
    return _write(policy, "do_not_sell", "do_not_buy")


@lru_cache(maxsize=4096)
def read_policy(text: str) -> Policy:
    """Read a policy; many portfolios share a text, which is then read once."""
    return _read_only(_adapter(Policy).validate_json(text))


def _read_only(policy: Policy) -> Policy:
    return replace(policy, bands=MappingProxyType(dict(policy.bands)))


def write_preferences(preferences: Preferences) -> str:
    """Write what a member has set; nothing at all for a member who has set nothing."""
    return "" if preferences == DEFAULTS else _write(preferences)


@lru_cache(maxsize=1024)
def read_preferences(text: str) -> Preferences:
    """Read what a member has set."""
    if not text:
        return DEFAULTS
    preferences: Preferences = _adapter(Preferences).validate_json(text)
    return preferences


def write_plan(plan: Plan) -> str:
    """Write a plan."""
    return _write(plan)


def write_snapshot(snapshot: Snapshot) -> str:
    """Write a snapshot."""
    plain = _plain(snapshot)
    for account in plain["accounts"]:
        for unordered in (account["fractionable"], account["untradable"]):
            unordered.sort()
        account["settlement"]["held"].sort()
        account["taxes"]["lot_methods"].sort()
    return _dumped(plain)


def write_changes(revision: Revision) -> str:
    """Write what a revision says of itself besides its plan and snapshot."""
    of_revision = Changes(
        revision.dropped, revision.moves, revision.changes, revision.need, revision.widening
    )
    return _write(of_revision, "dropped")


def read_plan(text: str, account_id: AccountId) -> Plan:
    """Read a plan; trades written before accounts were named are those of the account given."""
    plan: Plan = _adapter(Plan).validate_json(text)
    if all(trade.account for trade in plan.trades):
        return plan
    cure = plan.cure and replace(plan.cure, trades=_named(plan.cure.trades, account_id))
    return replace(plan, trades=_named(plan.trades, account_id), cure=cure)


def _named(trades: tuple[Trade, ...], account_id: AccountId) -> tuple[Trade, ...]:
    return tuple(replace(trade, account=trade.account or f"{account_id}") for trade in trades)


def read_snapshot(text: str) -> Snapshot:
    """Read a snapshot; one written before portfolios had several accounts is of its only one."""
    if not text.startswith(_OF_ACCOUNTS):
        text = _dumped(_of_one_account(json.loads(text)))
    snapshot: Snapshot = _adapter(Snapshot).validate_json(text)
    return snapshot


_OF_ACCOUNTS = '{"accounts":'
_OF_AN_ACCOUNT = ("account_id", "holdings", "fractionable", "settlement", "untradable")


def _of_one_account(old: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot of one account, as it was written before, in the form of now."""
    taxes = dict(old.get("taxes", {}))
    situation = taxes.pop("situation", {})
    for of_an_account in ("acquisitions", "loss_sales"):
        for each in situation.get(of_an_account, ()):
            each["account"] = each["account"] or str(old["account_id"])
    account = {name: old[name] for name in _OF_AN_ACCOUNT if name in old}
    common = {name: old[name] for name in ("quotes", "taken_at", "session")}
    return {"accounts": [{**account, "taxes": taxes}], **common, "situation": situation}


def read_changes(text: str, account_id: AccountId) -> Changes:
    """Read what a revision says of itself; legs written before accounts were named are of the account given."""
    changes: Changes = _adapter(Changes).validate_json(text)
    dropped = (key._replace(account=key.account or f"{account_id}") for key in changes.dropped)
    return replace(changes, dropped=frozenset(dropped))


CHANGE_KINDS: Mapping[str, Any] = {
    "targets": TargetsChange,
    "policy": PolicyChange,
    "rule": RuleTurnedOn,
    "role": RoleChange,
    "hand_over": HandOver,
    "account": AccountAdded,
    "connected": AccountConnected,
    "rung": RungRaised,
}
"""The kinds of changes by the word that is stored with each."""


def write_change(what: What) -> tuple[str, str]:
    """Write what a change changes: its kind's word, and the document."""
    kind = next(word for word, each in CHANGE_KINDS.items() if isinstance(what, each))
    return kind, _dumped(_plain(what))


def read_change(kind: str, text: str) -> What:
    """Read what a change changes."""
    what: What = _adapter(CHANGE_KINDS[kind]).validate_json(text)
    if isinstance(what, PolicyChange):
        return PolicyChange(_read_only(what.before), _read_only(what.after))
    return what


def write_words(data: Mapping[str, str]) -> str:
    """Write small values by name."""
    return json.dumps(dict(data), ensure_ascii=False, separators=(",", ":"))


def read_words(text: str) -> dict[str, str]:
    """Read small values by name."""
    words: dict[str, str] = json.loads(text)
    return words


def policy_changes(before: str | None, after: str) -> str:
    """Name what differs between two policy documents, one ``field value`` each, for a history."""
    old = dict(_fields("", json.loads(before))) if before else {}
    new = dict(_fields("", json.loads(after)))
    changed = [f"{name} {value}" for name, value in new.items() if old.get(name) != value]
    gone = [f"{name} off" for name in old if name not in new]
    return " · ".join([*changed, *gone])


def _fields(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [
            item
            for name, part in value.items()
            for item in _fields(f"{prefix} {name}".strip(), part)
        ]
    if isinstance(value, list):
        return [(prefix, ", ".join(map(_said, value)) or "none")]
    return [(prefix, "off" if value is None else str(value))]


def _said(item: Any) -> str:
    """One item of a list in words: ``open 15`` for what has fields of its own."""
    return " ".join(map(str, item.values())) if isinstance(item, dict) else str(item)
