"""Telegram on your own machine: a Bot API server on loopback and a chat page.

The bot cannot tell the difference: it talks HTTP to this server as it would to
api.telegram.org. Nothing here imports the product; it is the messenger, not the bot.

`driver` runs a sandbox inside a test, `client` drives one in another process.
"""

from __future__ import annotations

from bot.sandbox.app import SandboxOptions, create_app
from bot.sandbox.client import SandboxClient, sandbox_client, sandbox_process
from bot.sandbox.driver import Sandbox, running_sandbox

__all__ = [
    "Sandbox",
    "SandboxClient",
    "SandboxOptions",
    "create_app",
    "running_sandbox",
    "sandbox_client",
    "sandbox_process",
]
