"""The vault: secrets at rest."""

from __future__ import annotations

from typing import Protocol


class VaultError(ValueError):
    """A sealed secret that does not open."""


class UnknownKey(VaultError):
    """It was sealed with a key that this vault does not have."""


class SealBroken(VaultError):
    """It belongs to another owner or purpose, or was changed, or was never sealed."""


class Vault(Protocol):
    """Encrypts what must be kept secret, bound to its owner and purpose."""

    def seal(self, secret: str, *, owner: str, purpose: str) -> str:
        """Encrypt a secret with the current key."""
        ...

    def open(self, sealed: str, *, owner: str, purpose: str) -> str:
        """Decrypt it; raises UnknownKey or SealBroken."""
        ...

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed with the current key; raises SealBroken for what was never sealed."""
        ...
