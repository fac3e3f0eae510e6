"""The vault: secrets at rest."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Encrypts what must be kept secret, bound to its owner and purpose."""

    def seal(self, secret: str, *, owner: str, purpose: str) -> str:
        """Encrypt a secret."""
        ...

    def open(self, sealed: str, *, owner: str, purpose: str) -> str:
        """Decrypt it; raises ValueError when the owner, the purpose or the key is not the one it was sealed for."""
        ...

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed with the current key; raises ValueError for what was never sealed."""
        ...
