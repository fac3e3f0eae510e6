"""Holds requests and answers against the Bot API's machine-readable description.

`bot_api_10_1.json` is cut from PaulSonOfLars/telegram-bot-api-spec (MIT): the methods and types
that the sandbox speaks. What it does not name is a fault here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bot.sandbox.recorder import RecordedRequest

SPEC: dict[str, Any] = json.loads(Path(__file__).with_name("bot_api_10_1.json").read_text("utf-8"))
METHODS: dict[str, Any] = SPEC["methods"]
TYPES: dict[str, Any] = SPEC["types"]
_SCALARS: dict[str, type | tuple[type, ...]] = {
    "String": str,
    "Boolean": bool,
    "True": bool,
    "Float": (int, float),
}


def faults_in_answer(method: str, result: object) -> list[str]:
    """What is wrong with a method's result; empty when it conforms."""
    return _faults(" | ".join(METHODS[method]["returns"]), result, method)


def faults_in_object(kind: str, value: object) -> list[str]:
    """What is wrong with an object that should be of a type; empty when it conforms."""
    return _faults(kind, value, kind)


def faults_in_requests(requests: list[RecordedRequest]) -> list[str]:
    """What is wrong with the bot's requests; empty when all conform."""
    return [fault for request in requests for fault in faults_in_request(request)]


def faults_in_request(request: RecordedRequest) -> list[str]:
    """What is wrong with one request: unknown method or parameter, missing, or of a wrong type."""
    if request.method not in METHODS:
        return [f"{request.method}: no such method"]
    known: dict[str, str] = METHODS[request.method]["parameters"]
    faults = [
        f"{request.method}: no parameter {name}" for name in request.params if name not in known
    ]
    for name, described in known.items():
        kinds = described.removeprefix("!")
        if name in request.params:
            where = f"{request.method}.{name}"
            faults += _faults(kinds, _typed(kinds, request.params[name]), where)
        elif described.startswith("!") and name not in request.files:
            faults.append(f"{request.method}: {name} is missing")
    return faults


def _typed(kinds: str, value: object) -> object:
    """A form's text as the number or switch that it stands for."""
    if isinstance(value, str) and "String" not in kinds.split(" | "):
        if value in {"true", "false"}:
            return value == "true"
        if value.removeprefix("-").isdigit():
            return int(value)
    return value


def _faults(kinds: str, value: object, where: str) -> list[str]:
    tried = [_faults_of_kind(kind, value, where) for kind in kinds.split(" | ")]
    return min(tried, key=len)


def _faults_of_kind(kind: str, value: object, where: str) -> list[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return [f"{where}: {value!r} is no list"]
        inner = kind.removeprefix("Array of ")
        return [
            fault
            for index, each in enumerate(value)
            for fault in _faults(inner, each, f"{where}[{index}]")
        ]
    if kind == "Integer":
        is_integer = isinstance(value, int) and not isinstance(value, bool)
        return [] if is_integer else [f"{where}: {value!r} is no Integer"]
    if kind in _SCALARS:
        return [] if isinstance(value, _SCALARS[kind]) else [f"{where}: {value!r} is no {kind}"]
    return _faults_of_object(kind, value, where)


def _faults_of_object(kind: str, value: object, where: str) -> list[str]:
    described = TYPES.get(kind)
    if described is None:
        return [f"{where}: {kind} is not described here"]
    if isinstance(described, list):
        return _faults(" | ".join(described), value, where)
    if not isinstance(value, dict):
        return [f"{where}: {value!r} is no {kind}"]
    faults = [f"{where}: {kind} has no field {name}" for name in value if name not in described]
    for name, field in described.items():
        if name in value:
            faults += _faults(field.removeprefix("!"), value[name], f"{where}.{name}")
        elif field.startswith("!"):
            faults.append(f"{where}: {kind} needs {name}")
    return faults
