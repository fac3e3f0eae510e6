"""What a plan file may say of several accounts, lots, substitutes and taxes, and what it is refused for."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli_plan import plan_command
from bot.plan_file import PlanFileRefused, read_json_request
from core.domain.ids import Symbol
from core.domain.lots import LotMethod
from core.domain.plan import PlanRequest
from core.domain.portfolio import TaxTreatment
from core.domain.tax import TaxRulesName, TaxYear

VTI, ITOT, BND = Symbol("VTI"), Symbol("ITOT"), Symbol("BND")
FAMILY: dict[str, Any] = {
    "accounts": [
        {
            "name": "broker",
            "tax_owner": "Anna",
            "cash": "100",
            "positions": [{"symbol": "VTI", "quantity": "60"}],
            "lots": [
                {
                    "symbol": "VTI",
                    "quantity": "60",
                    "cost_per_share": "60",
                    "acquired": "2020-01-06",
                    "name": "first",
                }
            ],
            "lots_first": ["first"],
            "lot_methods": ["fifo", "specific"],
        },
        {
            "name": "IRA",
            "treatment": "tax_deferred",
            "positions": [
                {"symbol": "BND", "quantity": "30"},
                {"symbol": "ITOT", "quantity": "10"},
            ],
        },
    ],
    "prices": {"VTI": "100", "BND": "100", "ITOT": "50"},
    "targets": {"VTI": "50", "BND": "50"},
    "substitutes": {"VTI": ["ITOT"]},
    "policy": {"lot_method": "specific", "tax_long": "20"},
    "tax": {
        "today": "2024-06-03",
        "owners": {
            "Anna": {
                "rules": "us",
                "year_to_date": {"short": "-50", "long": "400"},
                "carried": {"long": "120"},
            }
        },
        "purchases": [{"symbol": "BND", "quantity": "5", "date": "2024-05-20", "account": "IRA"}],
        "loss_sales": [{"symbol": "SCHB", "quantity": "8", "loss": "90", "date": "2024-05-21"}],
        "same": [["VTI", "VTSAX"]],
    },
}


def read(raw: object) -> PlanRequest:
    return read_json_request(json.dumps(raw).encode(), "plan.json")


def changed(*path: Any, value: object) -> dict[str, Any]:
    """The family's file with one value put at a path."""
    copy: dict[str, Any] = json.loads(json.dumps(FAMILY))
    place: Any = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


def test_reads_accounts_lots_substitutes_and_taxes() -> None:
    request = read(FAMILY)
    broker, ira = request.accounts
    assert (broker.name, broker.tax_owner, broker.cash) == ("broker", "Anna", Decimal(100))
    assert broker.lots_first == ("first",)
    assert broker.lot_methods == {LotMethod.FIFO, LotMethod.SPECIFIC}
    assert broker.lots[0].acquired == date(2020, 1, 6)
    assert ira.treatment is TaxTreatment.TAX_DEFERRED
    assert request.holdings.positions == {VTI: 60, BND: 30, ITOT: 10}
    assert request.targets.lines[0].substitutes == (ITOT,)
    anna = request.tax.owner("Anna")
    assert anna.rules is TaxRulesName.US
    assert anna.year == TaxYear(Decimal(-50), Decimal(400), Decimal(0), Decimal(120))
    assert request.tax.today == date(2024, 6, 3)
    assert [each.account for each in request.tax.acquisitions] == ["IRA"]
    assert [each.loss for each in request.tax.loss_sales] == [90]
    assert request.tax.equivalents.are_same(VTI, Symbol("VTSAX"))


def test_money_may_be_taken_out() -> None:
    one = {key: FAMILY[key] for key in ("prices", "targets")}
    request = read({**one, "positions": [{"symbol": "VTI", "quantity": "9"}], "withdraw": "250.50"})
    assert request.withdraw == Decimal("250.50")
    assert request.holdings.cash == Decimal("-250.50")


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (changed("cash", value="5"), "cash: not beside accounts; expected it in one of them"),
        (changed("accounts", value=[]), "accounts: empty; expected at least one account"),
        (changed("accounts", value={}), "accounts: expected a list, got an object"),
        (
            changed("accounts", 0, value={"cash": "1"}),
            "accounts[0].name: missing; expected a name such as IRA",
        ),
        (
            changed("accounts", 1, "name", value="broker"),
            "accounts: broker is named twice; expected each account once",
        ),
        (
            changed("accounts", 1, "name", value=""),
            'accounts[1].name: expected a name such as IRA, at most 40 characters, got ""',
        ),
        (
            changed("accounts", 1, "treatment", value="roth"),
            'accounts[1].treatment: expected one of taxable, tax_deferred, tax_free, got "roth"',
        ),
        (
            changed("accounts", 0, "lot_methods", value=["best"]),
            (
                "accounts[0].lot_methods[0]: expected one of fifo, lifo, hifo, min_tax, specific,"
                ' got "best"'
            ),
        ),
        (
            changed("accounts", 0, "lots_first", value=["second"]),
            'accounts[0].lots_first[0]: expected the name of one of the lots, got "second"',
        ),
        (
            changed("accounts", 0, "lots", 0, "quantity", value="61"),
            "accounts[0].lots: VTI has 61 shares in lots; expected at most the position's 60",
        ),
        (
            changed("accounts", 0, "lots", 0, "gain", value="61"),
            (
                "accounts[0].lots[0].gain: unknown field; expected symbol, quantity, cost_per_share,"
                " acquired, name"
            ),
        ),
        (
            changed("accounts", 0, "withdraw", value="-1"),
            'accounts[0].withdraw: expected a number of at least 0, got "-1"',
        ),
        (
            changed("substitutes", value={"ABC": ["ITOT"]}),
            "substitutes.ABC: no target; expected the symbol of a line in targets",
        ),
        (
            changed("substitutes", value={"VTI": ["BND"]}),
            "substitutes: BND serves two lines; expected each symbol once",
        ),
        (
            changed("tax", "today", value="2024-13-01"),
            'tax.today: expected a date such as 2023-01-05, got "2024-13-01"',
        ),
        (
            {**FAMILY, "tax": {"rules": "us"}},
            "tax.today: missing; expected the date of the plan, such as 2024-06-03",
        ),
        (
            changed("tax", "owners", "Anna", "rules", value="uk"),
            'tax.owners.Anna.rules: expected one of none, us, got "uk"',
        ),
        (
            changed("tax", "owners", value={"Ben": {}}),
            "tax.owners.Ben: unknown; expected the tax_owner of an account",
        ),
        (
            changed("tax", "owners", "Anna", "carried", "long", value="-3"),
            'tax.owners.Anna.carried.long: expected a number of at least 0, got "-3"',
        ),
        (
            changed("tax", "owners", "Anna", "year_to_date", "short", value="lots"),
            'tax.owners.Anna.year_to_date.short: expected a number, below 0 for a loss, got "lots"',
        ),
        (
            changed("tax", "purchases", 0, value={"symbol": "BND", "quantity": "5"}),
            "tax.purchases[0].date: missing; expected a date such as 2023-01-05",
        ),
        (
            changed("tax", "loss_sales", 0, "loss", value="-90"),
            'tax.loss_sales[0].loss: expected a number of at least 0, got "-90"',
        ),
        (
            changed("tax", "same", value=[["VTI", "A"], ["B", "VTI"]]),
            "tax.same: VTI is in two groups; expected each symbol once",
        ),
        (
            changed("policy", "wash", value="maybe"),
            'policy.wash: expected one of block, flag, off, got "maybe"',
        ),
    ],
)
def test_a_fault_names_the_field_and_what_was_expected(raw: dict[str, Any], fault: str) -> None:
    with pytest.raises(PlanFileRefused) as refused:
        read(raw)
    assert refused.value.faults == (fault,)


def run(raw: object, *options: str) -> str:
    done = CliRunner().invoke(plan_command, ["-", *options], input=json.dumps(raw))
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_trades_name_their_account_where_there_are_several() -> None:
    made = json.loads(run({**FAMILY, "policy": {"force": True}}, "--json"))
    assert {trade["account"] for trade in made["trades"]} <= {"broker", "IRA"}
    assert "certificate" not in made


def test_details_say_what_is_proven_realised_and_sold() -> None:
    alone = {
        "positions": [{"symbol": "VTI", "quantity": "60"}, {"symbol": "BND", "quantity": "40"}],
        "lots": [
            {"symbol": "VTI", "quantity": "60", "cost_per_share": "40", "acquired": "2020-01-06"}
        ],
        "prices": FAMILY["prices"],
        "targets": FAMILY["targets"],
        "tax": {"today": "2024-06-03", "rules": "us"},
    }
    made = json.loads(run(alone, "--json", "--details"))
    assert made["tax"] == "90.00"
    assert made["realised"][0]["long_gain"] == "600.00"
    sale = next(trade for trade in made["trades"] if trade["side"] == "sell")
    assert sale["lots"] == [
        {
            "name": "",
            "acquired": "2020-01-06",
            "quantity": "10",
            "proceeds": "1000.00",
            "gain": "600.00",
            "term": "long",
        }
    ]
    assert made["certificate"]["optimal"] is True
    text = run(alone)
    assert "Gain ≈ $600.00 long-term · tax ≈ $90.00" in text
    assert "No plan under your rules comes closer to your targets: proven." in text
