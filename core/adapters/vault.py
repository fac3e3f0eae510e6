"""A vault of AES-256-GCM: each secret is bound to its owner and purpose, and names its key.

A sealed secret is ``v1.KEYID.NONCE.CIPHERTEXT`` (the last two in URL-safe base64). The key id is a
fingerprint of the derived key, so that secrets sealed by an older key are recognised and can be
sealed anew. Keys are derived from the master key with scrypt, once per process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Sequence
from functools import cached_property

VERSION = "v1"
NONCE_BYTES = 12
_SALT = b"evenkeel vault v1"


class AesGcmVault:
    """Seals with the current master key, and opens what it or an older one has sealed."""

    def __init__(self, master_key: str, older_keys: Sequence[str] = ()) -> None:
        self._masters = (*(key for key in older_keys if key != master_key), master_key)

    @cached_property
    def _ring(self) -> dict[str, bytes]:
        """Every key by its id, the current one last; derived at first use (slow)."""
        return {_key_id(key): key for key in map(_derive, self._masters)}

    @property
    def _current(self) -> str:
        return next(reversed(self._ring))

    def __repr__(self) -> str:
        """Never show a key."""
        return "AesGcmVault(…)"

    def seal(self, secret: str, *, owner: str, purpose: str) -> str:
        """Encrypt a secret with the current key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        bound_to = _associated_data(self._current, owner, purpose)
        cipher = AESGCM(self._ring[self._current]).encrypt(nonce, secret.encode(), bound_to)
        return ".".join((VERSION, self._current, _encode(nonce), _encode(cipher)))

    def open(self, sealed: str, *, owner: str, purpose: str) -> str:
        """Decrypt; raises ValueError for another owner, purpose or key, or a changed text."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key_id, nonce, cipher = _parts(sealed)
        if key_id not in self._ring:
            raise ValueError(
                f"This secret was sealed with the key {key_id}, which EVENKEEL_SECRET_KEY is not: "
                "put the key back with which it was stored, or enter the secret anew."
            )
        bound_to = _associated_data(key_id, owner, purpose)
        try:
            return AESGCM(self._ring[key_id]).decrypt(nonce, cipher, bound_to).decode()
        except InvalidTag:
            raise ValueError(
                f"This secret does not belong to {purpose} of {owner}, or it was changed: "
                "enter it anew."
            ) from None

    def is_current(self, sealed: str) -> bool:
        """Whether a secret was sealed with the current key; if not, open it and seal it anew."""
        return _parts(sealed)[0] == self._current


def _derive(master_key: str) -> bytes:
    return hashlib.scrypt(master_key.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id" + key).hexdigest()[:8]


def _associated_data(key_id: str, owner: str, purpose: str) -> bytes:
    """What the ciphertext is bound to, encoded so that no two different bindings look alike."""
    return json.dumps([VERSION, key_id, owner, purpose]).encode()


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    version, _, rest = sealed.partition(".")
    fields = rest.split(".")
    if version != VERSION or len(fields) != len(("key id", "nonce", "ciphertext")):
        raise ValueError(
            f"A sealed secret starts with {VERSION}. and has four parts; enter it anew."
        )
    key_id, nonce, cipher = fields
    try:
        return key_id, _decode(nonce), _decode(cipher)
    except binascii.Error:
        raise ValueError("A sealed secret is damaged: enter it anew.") from None


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode(), altchars=b"-_", validate=True)
