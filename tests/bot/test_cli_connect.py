"""``evenkeel connect``, as an operator types it, against a fake Alpaca over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from core.domain.ids import UserId
from core.domain.membership import Role
from core.domain.portfolio import Rung
from core.domain.proposal import ProposalState
from core.ports.store.credentials import ONE_TIME_CODES, owner_of
from tests.bot.key_stage import ANN, CANARIES, FIRST, SECOND, KeyStage, key_stage
from tests.contracts.store_samples import propose, settle
from tests.fakes.alpaca import faults

WRONG = (FIRST[0], "canary-secret-that-is-wrong")


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[KeyStage]:
    async with key_stage(tmp_path) as made:
        yield made
    assert not [canary for canary in (*CANARIES, WRONG[1]) if canary in "".join(made.said)]


async def _unchanged(stage: KeyStage) -> bool:
    account = await stage.account()
    return (account.broker, await stage.kept()) == ("simulated", ())


async def test_typed_keys_make_a_simulated_account_the_brokers_paper_one(stage: KeyStage) -> None:
    before = await stage.account()
    done = await stage.connect()
    assert done.exit_code == 0, done.output
    assert "These keys open the Alpaca account …0001: paper, cash $10,000.00." in done.output
    assert "So far the account of @family is simulated. It becomes this one, as BROKER PAPER" in (
        done.output
    )
    assert "Connected: @family is the Alpaca account …0001, BROKER PAPER." in done.output
    account = await stage.account()
    assert account.id == before.id
    assert (account.broker, account.broker_account_id, account.rung) == (
        "alpaca",
        "PA3FAKE0001",
        Rung.BROKER_PAPER,
    )
    (kept,) = await stage.kept()
    assert (kept.key_hint, kept.opens.is_live, kept.opens.origin) == (
        "7391",
        False,
        stage.alpaca.origin,
    )
    assert ("account_connected", "alpaca …0001 broker_paper") in await stage.events()


async def test_what_is_typed_is_not_shown(stage: KeyStage) -> None:
    done = await stage.connect()
    assert "(not shown)" in done.output
    assert FIRST[0] not in done.output
    assert FIRST[1] not in done.output


async def test_an_account_is_not_replaced_by_somebody_who_says_no(stage: KeyStage) -> None:
    done = await stage.connect(answer="n")
    assert done.exit_code == 1
    assert "Nothing was changed." in done.output
    assert await _unchanged(stage)


@pytest.mark.parametrize("given", ["file", "standard input"])
async def test_scripts_give_keys_by_a_file_or_the_standard_input(
    stage: KeyStage, tmp_path: Path, given: str
) -> None:
    text = "\n".join([*FIRST, ""])
    file = tmp_path / "keys"
    file.write_text(text, "utf-8")
    name, typed = (str(file), "") if given == "file" else ("-", text)
    done = await stage.run(
        *("connect", "--account", "family", "--yes", "--key-file", name), typed=typed
    )
    assert done.exit_code == 0, done.output
    assert (await stage.account()).broker == "alpaca"


async def test_keys_are_never_taken_as_arguments(stage: KeyStage) -> None:
    said = await stage.run("connect", "--help")
    assert "--key " not in said.output
    assert "--secret" not in said.output


async def test_a_key_file_of_another_shape_is_refused_unseen(
    stage: KeyStage, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text(FIRST[1], "utf-8")
    done = await stage.run("connect", "--account", "family", "--key-file", str(file))
    assert done.exit_code == 2
    assert done.stderr == "The key file must have two lines: the key id, then the secret.\n"


async def test_wrong_keys_are_one_sentence(stage: KeyStage) -> None:
    done = await stage.connect(WRONG)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Alpaca refuses these keys at {stage.alpaca.origin}.")
    assert "live account only at the live one" in done.stderr
    assert await _unchanged(stage)


@pytest.mark.fault(30, 76)
async def test_keys_that_look_like_those_of_the_live_service_are_recognised(
    stage: KeyStage,
) -> None:
    done = await stage.connect(("AKLIVEKEYOFSOMEBODY1", "secret-of-a-live-account"))
    assert done.exit_code == 2
    assert "its paper service: they look like the keys of a live account (--live)." in done.stderr


@pytest.mark.parametrize("keys", [("two words", "secret"), ("PKKEY", "schlüssel")])
async def test_what_cannot_be_keys_is_refused_before_it_is_sent(
    stage: KeyStage, keys: tuple[str, str]
) -> None:
    done = await stage.connect(keys)
    assert done.exit_code == 2
    assert "expected plain letters and digits, without spaces." in done.stderr
    assert stage.alpaca.seen == []


@pytest.mark.parametrize("fault", ["a page", "nobody"])
async def test_an_address_where_alpaca_is_not_is_said(stage: KeyStage, fault: str) -> None:
    if fault == "a page":
        page = faults.Fault(
            *(faults.Answer.SAY, "GET", "/v2/account"),
            status=404,
            body="<html>no such page</html>",
            content_type="text/html",
        )
        stage.alpaca.faults.add(page)
    else:
        stage.environment["ALPACA_BASE_URL"] = "http://127.0.0.1:9"
    done = await stage.connect()
    assert done.exit_code == 2
    address = stage.environment["ALPACA_BASE_URL"]
    assert done.stderr.startswith(f"Alpaca does not answer at {address}: ")
    assert done.stderr.endswith("Check ALPACA_BASE_URL.\n")
    assert await _unchanged(stage)


@pytest.mark.fault(30)
@pytest.mark.parametrize("trait", [{"status": "ONBOARDING"}, {"is_blocked": True}])
async def test_an_account_that_is_not_active_is_refused(
    stage: KeyStage, trait: dict[str, Any]
) -> None:
    keys = ("PKTHIRDKEY", "the-secret-of-the-third")
    stage.open_account(keys, **trait)
    done = await stage.connect(keys)
    assert done.exit_code == 2
    assert done.stderr.startswith("The Alpaca account …0003 is blocked there, or not active yet")
    assert await _unchanged(stage)


async def test_an_account_in_another_currency_is_refused(stage: KeyStage) -> None:
    keys = ("PKTHIRDKEY", "the-secret-of-the-third")
    stage.open_account(keys, currency="EUR")
    done = await stage.connect(keys)
    assert (done.exit_code, done.stderr) == (
        2,
        "The account is in EUR; this portfolio takes USD only.\n",
    )


async def test_an_account_belongs_to_one_portfolio_only(stage: KeyStage) -> None:
    await stage.settle("holiday", user=ANN + 1)
    assert (await stage.connect()).exit_code == 0
    again = await stage.connect(account="@holiday")
    assert again.exit_code == 2
    assert "belongs to another portfolio already" in again.stderr
    assert (await stage.account("holiday")).broker == "simulated"


async def test_new_keys_of_the_same_account_take_the_place_of_the_old(stage: KeyStage) -> None:
    assert (await stage.connect()).exit_code == 0
    (before,) = await stage.kept()
    newer = ("PKNEWERKEY5555", "the-newer-secret-of-the-first")
    stage.alpaca.exchange.accounts[0].key, stage.alpaca.exchange.accounts[0].secret = newer
    done = await stage.connect(newer, answer="")
    assert done.exit_code == 0, done.output
    assert "Connect it?" not in done.output
    (after,) = await stage.kept()
    assert (after.id, after.key_hint) == (before.id, "5555")
    assert after.sealed != before.sealed


async def test_keys_of_another_account_are_refused_by_their_last_four(stage: KeyStage) -> None:
    assert (await stage.connect()).exit_code == 0
    done = await stage.connect(SECOND)
    assert done.exit_code == 2
    assert done.stderr.startswith(
        "These keys open the Alpaca account …0002, and the portfolio's account is …0001:"
    )
    (kept,) = await stage.kept()
    assert kept.key_hint == "7391"


async def test_what_was_proposed_for_the_old_account_is_withdrawn(stage: KeyStage) -> None:
    async with stage.store() as store:
        family = await settle(store, user=ANN + 5, slug="holiday")
        async with store.begin() as work:
            proposal = await propose(work, family)
    assert (await stage.connect(account="holiday")).exit_code == 0
    async with stage.store() as store, store.read() as work:
        found = await work.proposals.get(proposal.id)
    assert found is not None
    assert found.state is ProposalState.SUPERSEDED


@pytest.mark.parametrize("state", [ProposalState.EXECUTING, ProposalState.FROZEN])
async def test_while_orders_are_under_way_nothing_is_changed(
    stage: KeyStage, state: ProposalState
) -> None:
    async with stage.store() as store:
        family = await settle(store, user=ANN + 5, slug="holiday")
        async with store.begin() as work:
            proposal = await propose(work, family)
            path = [ProposalState.OPEN, ProposalState.APPROVED, ProposalState.EXECUTING, state]
            for before, after in pairwise(path):
                if before is not after:
                    assert await work.proposals.move(proposal.id, before, after)
    done = await stage.connect(account="holiday")
    assert done.exit_code == 2
    assert done.stderr.startswith("Orders of @holiday are under way, or waiting for an answer")
    assert (await stage.account("holiday")).broker == "simulated"
    assert await stage.kept() == ()


async def test_an_account_that_another_process_works_for_is_left_alone(stage: KeyStage) -> None:
    account = await stage.account()
    async with stage.running(market_data="replay") as runtime:
        now = runtime.clock.now()
        async with runtime.store.begin() as work:
            until = now.replace(year=now.year + 1)
            await work.leases.acquire(f"account:{account.id}", "another", now=now, until=until)
        done = await stage.connect()
    assert done.exit_code == 2
    assert done.stderr.startswith("Orders of @family are under way")
    assert await _unchanged(stage)


async def test_keys_belong_to_one_owner(stage: KeyStage) -> None:
    async with stage.store() as store, store.begin() as work:
        ann = await work.people.member_of_user(UserId(ANN))
        assert ann is not None
        (portfolio,) = await work.portfolios.of_member(ann.id)
        ben = await work.people.add_member(UserId(1002), ann.household_id, "Ben")
        cleo = await work.people.add_member(UserId(1003), ann.household_id, "Cleo")
        await work.people.set_role(ben.id, portfolio.id, Role.OWNER)
        await work.people.set_role(cleo.id, portfolio.id, Role.APPROVER)
    for words in ((), ("--member", "1003")):
        which = await stage.connect(FIRST, *words)
        assert which.exit_code == 2
        assert which.stderr == (
            "The keys must belong to one owner of @family: say which with --member."
            f" Owners: Ann ({ANN}) and Ben (1002).\n"
        )
    nobody = await stage.connect(FIRST, "--member", "5")
    assert nobody.stderr == "“5” is not a member of this portfolio. /members shows who is.\n"
    assert stage.alpaca.seen == []
    assert (await stage.connect(FIRST, "--member", "1002")).exit_code == 0
    (kept,) = await stage.kept()
    assert kept.member_id == ben.id
    assert (await stage.connect(FIRST, "--member", str(ANN))).exit_code == 0
    first, second = await stage.kept()
    assert (first.member_id, second.member_id) == (ben.id, ann.id)
    listed = await stage.run("connect", "--list")
    assert listed.stdout.count("@family") == 2
    again = await stage.connect(FIRST, "--member", str(ANN))
    assert again.exit_code == 0
    assert len(await stage.kept()) == 2


async def test_an_unknown_portfolio_is_said_before_a_key_is_asked_for(stage: KeyStage) -> None:
    done = await stage.connect(account="@holiday")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "You have no portfolio @holiday. Yours: @family.\n"
    unsaid = await stage.run("connect")
    assert (unsaid.exit_code, unsaid.stderr) == (
        2,
        "Say for which portfolio, such as --account @family.\n",
    )


@pytest.mark.fault(73)
async def test_without_a_master_key_nothing_is_asked_and_nothing_kept(stage: KeyStage) -> None:
    del stage.environment["EVENKEEL_SECRET_KEY"]
    done = await stage.connect()
    assert (done.exit_code, done.stdout) == (2, "")
    assert 'python -c "import secrets; print(secrets.token_urlsafe(32))"' in done.stderr
    assert stage.alpaca.seen == []


@pytest.mark.fault(73)
async def test_with_a_wrong_master_key_nothing_is_written(stage: KeyStage) -> None:
    assert (await stage.connect()).exit_code == 0
    kept = await stage.kept()
    await stage.settle("holiday", user=ANN + 1)
    stage.environment["EVENKEEL_SECRET_KEY"] = "quite-another-master-key-of-32-letters"
    done = await stage.connect(SECOND, account="@holiday")
    assert done.exit_code == 2
    assert done.stderr.startswith("1 of 1 sealed secret in the store cannot be opened")
    assert await stage.kept() == kept
    assert (await stage.account("holiday")).broker == "simulated"


async def test_prices_must_be_the_brokers_own(stage: KeyStage) -> None:
    stage.environment["MARKET_DATA"] = "yahoo"
    done = await stage.connect()
    assert (done.exit_code, done.stderr) == (
        2,
        "Orders at Alpaca are priced by its own quotes: set MARKET_DATA=alpaca instead of yahoo.\n",
    )


@pytest.mark.fault(76)
async def test_real_money_is_refused_where_the_installation_is_for_paper(stage: KeyStage) -> None:
    done = await stage.connect(FIRST, "--live")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "An account at Alpaca with real money needs TRADING_MODE=live, and this bot runs with"
        " paper.\n"
    )
    assert stage.alpaca.seen == []


@pytest.mark.fault(76)
async def test_a_live_account_starts_as_a_dry_run(stage: KeyStage) -> None:
    """With TRADING_MODE=live every address but the paper service is live."""
    stage.environment["TRADING_MODE"] = "live"
    done = await stage.connect(FIRST, "--live")
    assert done.exit_code == 0, done.output
    assert "real money" in done.output
    assert "Nothing is sent yet" in done.output
    assert (await stage.account()).rung is Rung.DRY_RUN
    (kept,) = await stage.kept()
    assert kept.opens.is_live


async def test_what_is_kept_is_listed_without_a_secret(stage: KeyStage) -> None:
    empty = await stage.run("connect", "--list")
    assert empty.stdout.startswith("No keys are kept.")
    await stage.connect()
    (line,) = (await stage.run("connect", "--list")).stdout.splitlines()
    assert line.startswith(f"alpaca …0001  paper  key …7391  Ann ({ANN})  @family  since 20")


async def test_removed_keys_are_forgotten_and_the_account_stays(stage: KeyStage) -> None:
    await stage.connect()
    done = await stage.run("connect", "--account", "@family", "--remove")
    assert done.exit_code == 0, done.output
    assert "The key …7391 of the Alpaca account …0001 is forgotten." in done.output
    assert "revoke the key on Alpaca's page" in done.output
    assert "Prices came with this key too" in done.output
    assert await stage.kept() == ()
    assert (await stage.account()).broker_account_id == "PA3FAKE0001"
    again = await stage.run("connect", "--account", "@family", "--remove")
    assert (again.exit_code, again.stderr) == (
        2,
        "No keys are kept for @family. `evenkeel connect --list` shows those there are.\n",
    )
    assert [kind for kind, _ in await stage.events()][-2:] == ["account_connected", "keys_removed"]


async def test_removed_keys_can_be_entered_again(stage: KeyStage) -> None:
    await stage.connect()
    await stage.run("connect", "--account", "@family", "--remove")
    assert (await stage.connect(answer="")).exit_code == 0
    assert len(await stage.kept()) == 1


@pytest.mark.fault(73)
async def test_with_a_lost_master_key_what_is_kept_can_be_taken_away_and_entered_anew(
    stage: KeyStage,
) -> None:
    await stage.connect()
    async with stage.running() as runtime:
        assert runtime.vault is not None
        async with runtime.store.begin() as work:
            ann = await work.people.member_of_user(UserId(ANN))
            assert ann is not None
            sealed = runtime.vault.seal("s", owner=owner_of(ann.id), purpose=ONE_TIME_CODES)
            await work.codes.put(ann.id, sealed=sealed, step=1, at=runtime.clock.now())
    stage.environment["EVENKEEL_SECRET_KEY"] = "a-new-master-key-of-32-letters-or-more"
    assert (await stage.run("check", "--once")).exit_code == 2
    assert "…0001" in (await stage.run("connect", "--list")).stdout
    assert (await stage.run("connect", "--account", "family", "--remove")).exit_code == 0
    assert (await stage.run("code", "--member", str(ANN), "--remove")).exit_code == 0
    assert (await stage.connect(answer="")).exit_code == 0
    assert (await stage.run("check", "--once")).exit_code == 0
