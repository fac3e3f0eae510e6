from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli_plan import plan_command

GOOD: dict[str, Any] = {
    "cash": "1520.35",
    "positions": [{"symbol": "AAPL", "quantity": "10"}, {"symbol": "OLD", "quantity": "2.50"}],
    "prices": {"AAPL": "190.12", "MSFT": "411.00"},
    "targets": {"AAPL": "50", "MSFT": "45", "CASH": "5"},
    "policy": {"outside": "keep", "bands": {"MSFT": {"absolute": "off", "relative": "off"}}},
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(GOOD), "utf-8")
    return path


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(plan_command, [str(argument) for argument in arguments], input=stdin)


def test_prints_one_json_object_with_the_promised_keys(file: Path) -> None:
    result = run(file, "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "needed": True,
        "reason": "Cash is 39.4 points over its target; your band is 5.",
        "total_value": "3421.55",
        "portfolio_drift": "45.0000",
        "lines": [
            {
                "symbol": "AAPL",
                "quantity": "10",
                "price": "190.12",
                "value": "1901.20",
                "weight": "55.5655",
                "target": "50.0000",
                "goal": "50.0000",
                "drift": "5.5655",
                "band": "5.0000",
                "breached": True,
            },
            {
                "symbol": "MSFT",
                "quantity": "0",
                "price": "411.00",
                "value": "0.00",
                "weight": "0.0000",
                "target": "45.0000",
                "goal": "45.0000",
                "drift": "-45.0000",
                "band": None,
                "breached": False,
            },
            {
                "symbol": "CASH",
                "quantity": "1520.35",
                "price": "1",
                "value": "1520.35",
                "weight": "44.4345",
                "target": "5.0000",
                "goal": "5.0000",
                "drift": "39.4345",
                "band": "5.0000",
                "breached": True,
            },
        ],
        "trades": [
            {
                "symbol": "AAPL",
                "side": "sell",
                "quantity": "1",
                "price": "190.12",
                "value": "190.12",
                "reason": "5.6 points over its target of 50.0%.",
            },
            {
                "symbol": "MSFT",
                "side": "buy",
                "quantity": "4",
                "price": "411.00",
                "value": "1644.00",
                "reason": "45.0 points under its target of 45.0%.",
            },
        ],
        "skipped": [{"symbol": "OLD", "reason": "It has no target; it is kept and not counted."}],
        "after": {
            "cash": "66.47",
            "weights": {"AAPL": "50.0089", "MSFT": "48.0484", "CASH": "1.9427"},
            "portfolio_drift": "3.0573",
        },
        "cost": "0.00",
        "tax": None,
    }


def test_quantities_have_neither_exponents_nor_needless_zeros(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(
        json.dumps(
            {
                "positions": [{"symbol": "A", "quantity": "1000.500"}],
                "prices": {"A": "1.0000"},
                "targets": {"A": "50", "CASH": "50"},
                "policy": {"fractional": True},
            }
        ),
        "utf-8",
    )
    output = json.loads(run(path, "--json").stdout)
    assert output["lines"][0]["quantity"] == "1000.5"
    assert output["lines"][0]["price"] == "1.0000"
    assert output["trades"][0]["quantity"] == "500.25"
    assert output["trades"][0]["value"] == "500.25"
    assert output["after"]["cash"] == "500.25"


def test_costs_are_shown_to_the_cent(file: Path) -> None:
    output = json.loads(run(file, "--json", "--policy", "spread=10", "--policy", "fee=1").stdout)
    # 190.12 × 0.9995 = 190.02494 brings 190.02; 4 × 411 × 1.0005 = 1644.822 takes 1644.83
    assert output["cost"] == "2.93"
    assert output["after"]["cash"] == "63.54"


def test_prints_a_table_that_fits_80_columns(file: Path) -> None:
    result = run(file)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "Cash is 39.4 points over its target; your band is 5." in result.stdout
    for text in ("Sell", "Buy", "MSFT", "411.00", "$1,644.00", "OLD: It has no target"):
        assert text in result.stdout
    assert "Drift 45.0 → 3.1 · cost $0.00 · cash after $66.47" in result.stdout
    assert result.stdout.endswith("Calculated from your targets.\n")


def test_a_wide_table_still_fits(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    symbols = [f"LONGSYMBOL{index}" for index in range(10, 30)]
    path.write_text(
        json.dumps(
            {
                "cash": "9000000000.01",
                "positions": [{"symbol": s, "quantity": "12345678.123456"} for s in symbols],
                "prices": dict.fromkeys(symbols, "98765.4321"),
                "targets": dict.fromkeys(symbols, 5),
                "policy": {"force": True},
            }
        ),
        "utf-8",
    )
    result = run(path)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_says_why_nothing_is_to_be_done(file: Path) -> None:
    result = run(file, "--policy", "band=60/off", "--json")
    output = json.loads(result.stdout)
    assert output["needed"] is False
    assert output["trades"] == []
    assert output["reason"] == (
        "On target: every line is inside its band, and the drift is 45.0 points."
    )


def test_reads_standard_input() -> None:
    result = run("-", "--json", stdin=json.dumps(GOOD))
    assert result.exit_code == 0
    assert json.loads(result.stdout)["total_value"] == "3421.55"


def test_plans_from_csv_files(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("symbol,weight\nAAPL,50\nMSFT,45\nCASH,5\n")
    (tmp_path / "h.csv").write_text("symbol,quantity\nAAPL,10\n")
    (tmp_path / "p.csv").write_text("symbol,price\nAAPL,190.12\nMSFT,411.00\n")
    files = ("--targets", tmp_path / "t.csv", "--holdings", tmp_path / "h.csv")
    result = run(*files, "--prices", tmp_path / "p.csv", "--cash", "1520.35", "--json")
    assert result.exit_code == 0
    trades = json.loads(result.stdout)["trades"]
    assert [(t["side"], t["symbol"], t["quantity"]) for t in trades] == [
        ("sell", "AAPL", "1"),
        ("buy", "MSFT", "4"),
    ]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ((), "FILE: missing; expected FILE, or --targets and --prices\n"),
        (("--targets", "t.csv"), "--prices: missing; expected a CSV file\n"),
        (("nowhere.json",), "nowhere.json: no such file or directory; expected a file\n"),
        (
            ("x.json", "--cash", "5"),
            "FILE: expected either FILE, or --targets, --prices, --holdings and --cash\n",
        ),
    ],
)
def test_wrong_arguments_exit_with_2(arguments: tuple[str, ...], fault: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == fault


def test_an_account_worth_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"prices": {"A": 1}, "targets": {"A": 100}}')
    result = run(path, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        "cash, positions: worth 0 together; expected more than 0 to calculate weights\n"
    )


def test_runs_as_a_process_of_its_own(file: Path) -> None:
    broken = file.with_name("broken.json")
    broken.write_text(json.dumps(GOOD | {"cash": "-1", "foo": 1}), "utf-8")
    done = [
        subprocess.run(
            [sys.executable, "-m", "bot.cli_plan", str(path), "--json"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={"PATH": "", "PYTHONIOENCODING": "utf-8"},
        )
        for path in (file, broken)
    ]
    assert [process.returncode for process in done] == [0, 2]
    assert done[0].stderr == ""
    assert json.loads(done[0].stdout)["needed"] is True
    assert done[1].stdout == ""
    assert done[1].stderr.splitlines() == [
        (
            "foo: unknown field; expected cash, positions, lots, prices, targets, policy,"
            " accounts, lots_first, withdraw, substitutes, asset_classes, tax"
        ),
        'cash: expected a number of at least 0, got "-1"',
    ]
