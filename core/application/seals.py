"""Seals: what the vault has sealed in the store, whether it opens, and sealing it anew with another key."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.refusals import MasterKeyMissing, MasterKeyWrong, SealsBroken
from core.ports.clock import Clock
from core.ports.store import AuditEvent, Store, UnitOfWork
from core.ports.store.channels import KeptChannel, channel_purpose
from core.ports.store.credentials import ONE_TIME_CODES, Credential, SealedCode, owner_of
from core.ports.vault import SealBroken, UnknownKey, Vault


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed secret: the row that it stands in, and what it is bound to."""

    kept: Credential | SealedCode | KeptChannel
    owner: str
    purpose: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealReport:
    """Every sealed secret by how it opens: with the current key, an older one, none that is there, or not at all."""

    current: tuple[Sealed, ...] = ()
    older: tuple[Sealed, ...] = ()
    locked: tuple[Sealed, ...] = ()
    broken: tuple[Sealed, ...] = ()

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(map(len, (self.current, self.older, self.locked, self.broken)))

    @property
    def damage(self) -> SealsBroken:
        """The refusal that names what was changed or exchanged."""
        accounts = tuple(
            (each.kept.opens.broker, each.kept.opens.broker_account_id[-4:])
            for each in self.broken
            if isinstance(each.kept, Credential)
        )
        channels = sum(isinstance(each.kept, KeptChannel) for each in self.broken)
        codes = len(self.broken) - len(accounts) - channels
        return SealsBroken(accounts, codes, channels)


async def examine_seals(store: Store, vault: Vault | None) -> SealReport:
    """Try to open everything that is sealed; without a vault all of it is locked."""
    async with store.read() as work:
        sealed = await _everything(work)
    if vault is None:
        return SealReport(locked=sealed)
    groups: dict[str, list[Sealed]] = {"current": [], "older": [], "locked": [], "broken": []}
    for each in sealed:
        groups[_how(vault, each)].append(each)
    return SealReport(**{name: tuple(group) for name, group in groups.items()})


async def require_openable(store: Store, vault: Vault | None) -> SealReport:
    """Raise MasterKeyMissing or MasterKeyWrong where something is sealed with a key that is not there.

    What was changed or exchanged concerns its own account alone: it is in the report, and stops nobody else.
    """
    report = await examine_seals(store, vault)
    if report.locked and vault is None:
        raise MasterKeyMissing(len(report.locked))
    if report.locked:
        raise MasterKeyWrong(len(report.locked), report.total)
    return report


async def rotate_key(store: Store, vault: Vault | None, clock: Clock) -> int:
    """Seal everything anew that an older key has sealed, and return how many that were.

    Each is a step of its own: what is interrupted goes on where it was when it is called again. Raises
    MasterKeyMissing, MasterKeyWrong or SealsBroken, with nothing changed.
    """
    report = await require_openable(store, vault)
    if vault is None:
        raise MasterKeyMissing
    if report.broken:
        raise report.damage
    done = 0
    for each in report.older:
        secret = vault.open(each.text, owner=each.owner, purpose=each.purpose)
        anew = vault.seal(secret, owner=each.owner, purpose=each.purpose)
        async with store.begin() as work:
            done += await _put_anew(work, each, anew)
    if done:
        async with store.begin() as work:
            await work.log.record(AuditEvent(clock.now(), "key_rotated", data=str(done)))
    return done


async def _everything(work: UnitOfWork) -> tuple[Sealed, ...]:
    keys = [
        Sealed(kept, owner_of(kept.member_id), kept.opens.seal_purpose, kept.sealed)
        for kept in await work.credentials.all()
    ]
    codes = [
        Sealed(kept, owner_of(kept.member_id), ONE_TIME_CODES, kept.sealed)
        for kept in await work.credentials.codes()
    ]
    channels = [
        Sealed(
            kept,
            owner_of(kept.channel.member_id),
            channel_purpose(kept.channel.kind),
            kept.sealed,
        )
        for kept in await work.channels.all()
    ]
    return (*keys, *codes, *channels)


def _how(vault: Vault, sealed: Sealed) -> str:
    try:
        vault.open(sealed.text, owner=sealed.owner, purpose=sealed.purpose)
    except UnknownKey:
        return "locked"
    except SealBroken:
        return "broken"
    return "current" if vault.is_current(sealed.text) else "older"


async def _put_anew(work: UnitOfWork, sealed: Sealed, anew: str) -> bool:
    if isinstance(sealed.kept, Credential):
        return await work.credentials.reseal(sealed.kept.id, sealed.text, anew)
    if isinstance(sealed.kept, KeptChannel):
        return await work.channels.reseal(sealed.kept.channel.id, sealed.text, anew)
    return await work.credentials.reseal_code(sealed.kept.member_id, sealed.text, anew)
