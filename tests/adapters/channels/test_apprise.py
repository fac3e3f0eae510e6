"""Apprise as a channel: real messages over loopback, and everything that an address may not do."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from core.adapters.channels import AppriseChannel
from core.adapters.channels.apprise import secrets_in
from core.adapters.channels.guard import Refused, guarded, is_public
from core.adapters.channels.kinds import refused_option
from core.domain.refusals import (
    BadChannel,
    ChannelFailed,
    ChannelNotAllowed,
    ChannelOptionRefused,
    ChannelPrivate,
)
from core.ports.channel import Notice
from tests.fakes.receivers import hook, mailbox

NOTICE = Notice("Evenkeel · Family", "Proposal 42 waits.\n<b>not markup</b> & ½")
CANARY = "canaryCANARY0123456789canary"


@pytest.fixture
def near() -> AppriseChannel:
    """A channel that may reach this machine."""
    return AppriseChannel(allow_private=True)


async def test_a_web_address_gets_title_and_text(near: AppriseChannel) -> None:
    async with hook() as web:
        assert await near.kind_of(web.address) == "json"
        await near.send(web.address, NOTICE)
    (came,) = web.came
    assert (came["title"], came["message"]) == (NOTICE.title, NOTICE.body)


async def test_mail_arrives_as_plain_words(near: AppriseChannel) -> None:
    async with mailbox() as (box, address):
        assert await near.kind_of(address) == "mailto"
        await near.send(address, NOTICE)
    (mail,) = box.came
    assert mail["Subject"] == NOTICE.title
    assert "anna@example.org" in mail["To"]
    text = mail.get_body(("plain", "html"))
    assert text is not None
    assert "Proposal 42 waits." in text.get_content()


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
async def test_what_is_not_taken_has_failed(near: AppriseChannel, status: int) -> None:
    async with hook() as web:
        web.status = status
        with pytest.raises(ChannelFailed) as failed:
            await near.send(web.address, NOTICE)
    assert failed.value.kind == "json"


async def test_where_nobody_listens_it_has_failed(
    near: AppriseChannel, unused_tcp_port: int
) -> None:
    with pytest.raises(ChannelFailed):
        await near.send(f"json://127.0.0.1:{unused_tcp_port}/x", NOTICE)


async def test_nobody_waits_for_what_hangs() -> None:
    near = AppriseChannel(allow_private=True, seconds=0.2)
    await near.kind_of("json://127.0.0.1:9/")
    async with hook() as web:
        web.hangs = asyncio.Event()
        began = time.monotonic()
        with pytest.raises(ChannelFailed):
            await near.send(web.address, NOTICE)
        assert time.monotonic() - began < 5
        web.hangs.set()


# --- what an address may not do ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "json://127.0.0.1:8080/",
        "json://localhost/",
        "json://0x7f000001/",
        "json://[::1]:80/",
        "json://10.1.2.3/",
        "xml://192.168.1.1/admin",
        "form://169.254.169.254/latest/meta-data",
        "ntfy://localhost/topic",
        "mailto://user:pass@example.com?smtp=127.0.0.1&to=a@example.com",
    ],
)
async def test_members_addresses_on_our_own_network_are_refused(address: str) -> None:
    with pytest.raises(ChannelPrivate):
        await AppriseChannel().kind_of(address)


async def test_it_is_asked_again_at_the_moment_of_connecting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads elsewhere when it is looked at, and to us when it is used."""
    monkeypatch.setattr("core.adapters.channels.apprise._is_elsewhere", lambda host: True)
    async with hook() as web:
        assert await AppriseChannel().kind_of(web.address) == "json"
        with pytest.raises(ChannelPrivate):
            await AppriseChannel().send(web.address, NOTICE)
        assert web.asked == 0


async def test_redirections_are_not_followed_even_where_the_address_asks(
    near: AppriseChannel,
) -> None:
    async with hook() as elsewhere, hook() as web:
        web.status, web.location = 307, f"http://{elsewhere.host}/secret"
        with pytest.raises(ChannelFailed):
            await near.send(f"{web.address}?redirect=yes", NOTICE)
        assert (web.asked, elsewhere.asked) == (1, 0)


@pytest.mark.parametrize(
    "address",
    ["syslog://", "dbus://", "gnome://", "windows://", "rsyslog://localhost", "FILE:///etc/passwd"],
)
async def test_kinds_that_act_on_the_server_are_refused(address: str) -> None:
    with pytest.raises(ChannelNotAllowed) as refused:
        await AppriseChannel(allow_private=True).kind_of(address)
    assert refused.value.kind == address.partition(":")[0].lower()


@pytest.mark.parametrize("option", ["template", "pgpkey", "pgp", "keyfile", "wkd", "Template"])
async def test_options_that_read_files_are_refused(option: str) -> None:
    with pytest.raises(ChannelOptionRefused) as refused:
        await AppriseChannel().kind_of(f"mailtos://u:p@example.com?to=a@b.co&{option}=/etc/passwd")
    assert refused.value.option == option


def test_ordinary_options_are_not() -> None:
    assert not any(map(refused_option, ("to", "from", "name", "subject", "smtp", "priority")))


@pytest.mark.parametrize(
    "address",
    [
        "",
        "hello",
        "https://example.com/hook",
        "json://",
        "://x",
        "json://a\nb",
        "json://" + "a" * 2000,
    ],
)
async def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BadChannel):
        await AppriseChannel(allow_private=True).kind_of(address)


async def test_a_company_s_own_web_address_is_understood() -> None:
    address = f"https://discord.com/api/webhooks/4174216298/{CANARY}"
    assert await AppriseChannel().kind_of(address) == "discord"


async def test_the_operator_s_address_may_be_of_any_kind_and_anywhere() -> None:
    operator = AppriseChannel(trusted=True)
    assert await operator.kind_of("syslog://") == "syslog"
    async with hook() as web:
        await operator.send(web.address, NOTICE)
        assert len(web.came) == 1
    with pytest.raises(BadChannel):
        await operator.kind_of("nonsense")


@pytest.mark.fault(71)
async def test_no_part_of_an_address_is_in_a_log_or_an_error(
    near: AppriseChannel, caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    caplog.set_level(logging.DEBUG)
    for address in (
        f"json://anna:{CANARY}@127.0.0.1:{unused_tcp_port}/{CANARY}?+X-Key={CANARY}",
        f"mailto://anna:{CANARY}@127.0.0.1:{unused_tcp_port}?to=a@b.co",
        f"discord://{CANARY}",
        f"nothing://{CANARY}",
    ):
        with pytest.raises((ChannelFailed, BadChannel, ChannelNotAllowed)) as refused:
            await near.send(address, NOTICE)
        assert CANARY not in repr(vars(refused.value)) + str(refused.value)
        assert CANARY not in repr(near)
    said = [r for r in caplog.records if r.name != "asyncio"]
    assert CANARY not in "\n".join(record.getMessage() for record in said)


async def test_every_part_of_an_address_is_told_to_be_struck_out() -> None:
    learned: set[str] = set()
    address = f"json://anna:{CANARY}1@example.org/{CANARY}2/x?+k={CANARY}3"
    channel = AppriseChannel(allow_private=True, on_opened=lambda *words: learned.update(words))
    await channel.kind_of(address)
    assert {address, *(f"{CANARY}{n}" for n in (1, 2, 3))} <= learned
    assert secrets_in("json://[broken") == ("json://[broken",)


# --- the guard -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
        ("10.0.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("/var/run/docker.sock", False),
        ("", False),
    ],
)
def test_the_open_network_is_everything_but_ours(address: str, *, public: bool) -> None:
    assert is_public(address) is public


def test_nothing_is_connected_after_the_time_is_up() -> None:
    import socket

    with guarded(-1, allow_private=True), socket.socket() as line, pytest.raises(Refused):
        line.connect(("127.0.0.1", 9))


def test_other_threads_connect_as_they_like(unused_tcp_port: int) -> None:
    import socket

    with guarded(10, allow_private=False) as watch:
        with socket.socket() as line, pytest.raises(Refused):
            line.connect(("127.0.0.1", unused_tcp_port))
        assert watch.has_refused
    with socket.socket() as line, pytest.raises(ConnectionRefusedError):
        line.connect(("127.0.0.1", unused_tcp_port))
