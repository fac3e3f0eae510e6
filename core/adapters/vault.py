"""A vault of AES-256-GCM: each secret is bound to its owner and purpose, and names its key.

A sealed secret is ``v1.KEYID.NONCE.CIPHERTEXT`` (the last two in URL-safe base64). The key id is a
fingerprint of the derived key, so that secrets sealed by an older key are recognised and can be
sealed anew. Keys are derived from the master key with scrypt: late, and once per process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Sequence
from functools import cached_property

from core.ports.vault import SealBroken, UnknownKey

VERSION = "v1"
NONCE_BYTES = 12
_SALT = b"evenkeel vault v1"


class AesGcmVault:
    """Seals with the current master key, and opens what it or an older one has sealed."""

    def __init__(self, master_key: str, older_keys: Sequence[str] = ()) -> None:
        self._master = master_key
        self._older_masters = tuple(older_keys)

    @cached_property
    def _current(self) -> tuple[str, bytes]:
        """The id of the current key, and the key; derived at first use (slow)."""
        return _with_id(self._master)

    @cached_property
    def _older(self) -> dict[str, bytes]:
        """The older keys by their ids, derived when the current one is not the one asked for."""
        return dict(map(_with_id, self._older_masters))

    def __repr__(self) -> str:
        """Never show a key."""
        return "AesGcmVault(…)"

    def seal(self, secret: str, *, owner: str, purpose: str) -> str:
        """Encrypt a secret with the current key."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(NONCE_BYTES)
        key_id, key = self._current
        bound_to = _associated_data(key_id, owner, purpose)
        cipher = AESGCM(key).encrypt(nonce, secret.encode(), bound_to)
        return ".".join((VERSION, key_id, _encode(nonce), _encode(cipher)))

    def open(self, sealed: str, *, owner: str, purpose: str) -> str:
        """Decrypt; raises UnknownKey or SealBroken."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key_id, nonce, cipher = _parts(sealed)
        key = self._key(key_id)
        if key is None:
            raise UnknownKey(
                f"This secret was sealed with the key {key_id}, which is neither EVENKEEL_SECRET_KEY "
                "nor among EVENKEEL_OLD_SECRET_KEYS: put the key back with which it was stored, or "
                "enter the secret anew."
            )
        bound_to = _associated_data(key_id, owner, purpose)
        try:
            return AESGCM(key).decrypt(nonce, cipher, bound_to).decode()
        except InvalidTag:
            raise SealBroken(
                f"This secret does not belong to {purpose} of {owner}, or it was changed: "
                "enter it anew."
            ) from None

    def is_current(self, sealed: str) -> bool:
        """Whether a secret was sealed with the current key; if not, open it and seal it anew."""
        return _parts(sealed)[0] == self._current[0]

    def _key(self, key_id: str) -> bytes | None:
        current_id, current = self._current
        return current if key_id == current_id else self._older.get(key_id)


def _derive(master_key: str) -> bytes:
    return hashlib.scrypt(master_key.encode(), salt=_SALT, n=2**14, r=8, p=1, dklen=32)


def _with_id(master_key: str) -> tuple[str, bytes]:
    key = _derive(master_key)
    return _key_id(key), key


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"key id" + key).hexdigest()[:8]


def _associated_data(key_id: str, owner: str, purpose: str) -> bytes:
    """What the ciphertext is bound to, encoded so that no two different bindings look alike."""
    return json.dumps([VERSION, key_id, owner, purpose]).encode()


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    version, _, rest = sealed.partition(".")
    fields = rest.split(".")
    if version != VERSION or len(fields) != len(("key id", "nonce", "ciphertext")):
        raise SealBroken(
            f"A sealed secret starts with {VERSION}. and has four parts; enter it anew."
        )
    key_id, nonce, cipher = fields
    try:
        parts = key_id, _decode(nonce), _decode(cipher)
    except binascii.Error:
        parts = key_id, b"", b""
    if len(parts[1]) != NONCE_BYTES:
        raise SealBroken("A sealed secret is damaged: enter it anew.")
    return parts


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text.encode(), altchars=b"-_", validate=True)
