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

from core.domain.plan import LegKey, Plan
from core.domain.policy import Policy
from core.domain.portfolio import HoldingChange, Snapshot
from core.domain.proposal import PriceMove, Revision


@dataclass(frozen=True, slots=True)
class Changes:
    """What a revision says of itself besides its plan: dropped legs, moved prices, changed holdings."""

    dropped: frozenset[LegKey] = frozenset()
    moves: tuple[PriceMove, ...] = ()
    changes: tuple[HoldingChange, ...] = ()


@lru_cache(maxsize=16)
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _write(value: Any, *sets: str) -> str:
    """Write a value; the fields named in ``sets`` have no order of their own and are sorted."""
    plain = _adapter(cast("Any", type(value))).dump_python(
        value,
        mode="json",
        warnings="none",
        fallback=dict,  # read-only mappings are written as plain ones
    )
    for name in sets:
        plain[name].sort()
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def write_policy(policy: Policy) -> str:
    """Write a policy; equal policies give equal texts where their bands stand in the same order."""
    return _write(policy, "do_not_sell", "do_not_buy")


@lru_cache(maxsize=4096)
def read_policy(text: str) -> Policy:
    """Read a policy; many portfolios share a text, which is then read once."""
    policy: Policy = _adapter(Policy).validate_json(text)
    return replace(policy, bands=MappingProxyType(dict(policy.bands)))


def write_plan(plan: Plan) -> str:
    """Write a plan."""
    return _write(plan)


def write_snapshot(snapshot: Snapshot) -> str:
    """Write a snapshot."""
    return _write(snapshot, "fractionable")


def write_changes(revision: Revision) -> str:
    """Write what a revision says of itself besides its plan and snapshot."""
    return _write(Changes(revision.dropped, revision.moves, revision.changes), "dropped")


def read_plan(text: str) -> Plan:
    """Read a plan."""
    plan: Plan = _adapter(Plan).validate_json(text)
    return plan


def read_snapshot(text: str) -> Snapshot:
    """Read a snapshot."""
    snapshot: Snapshot = _adapter(Snapshot).validate_json(text)
    return snapshot


def read_changes(text: str) -> Changes:
    """Read what a revision says of itself."""
    changes: Changes = _adapter(Changes).validate_json(text)
    return changes


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
