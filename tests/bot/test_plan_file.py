from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.plan_file import CsvFiles, PlanFileRefused, read_csv_request, read_json_request
from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.plan import PlanRequest
from core.domain.policy import FILE_DEFAULTS, Band, Direction, Fractional, Outside, Reserve
from core.domain.tax_treatment import TaxTreatment

AAPL, MSFT = Symbol("AAPL"), Symbol("MSFT")
GOOD: dict[str, Any] = {
    "cash": "1520.35",
    "positions": [{"symbol": "AAPL", "quantity": "10"}],
    "lots": [
        {"symbol": "AAPL", "quantity": "4", "cost_per_share": "120.00", "acquired": "2023-01-05"}
    ],
    "prices": {"AAPL": "190.12", "MSFT": "411.00"},
    "targets": {"AAPL": "50", "MSFT": "45", "CASH": "5"},
    "policy": {"bands": {"AAPL": {"absolute": "3"}}},
}


def read(raw: object, *options: str) -> PlanRequest:
    text = raw if isinstance(raw, str) else json.dumps(raw)
    return read_json_request(text.encode(), "plan.json", options)


def faults(raw: object, *options: str) -> tuple[str, ...]:
    with pytest.raises(PlanFileRefused) as refused:
        read(raw, *options)
    return refused.value.faults


def changed(**fields: object) -> dict[str, Any]:
    return GOOD | fields


# --- what is right -------------------------------------------------------------------------------


def test_reads_all_fields() -> None:
    request = read(GOOD)
    assert request.holdings.cash == Decimal("1520.35")
    assert request.holdings.positions == {AAPL: 10}
    assert request.prices == {AAPL: Decimal("190.12"), MSFT: 411}
    assert request.targets.weights == {"AAPL": 50, "MSFT": 45, "CASH": 5}
    assert request.accounts[0].lots == (Lot(AAPL, Decimal(4), Decimal("120.00"), date(2023, 1, 5)),)
    assert request.policy.bands == {AAPL: Band(Decimal(3), Decimal(25))}
    assert not request.force


def test_the_documented_defaults_are_the_defaults() -> None:
    documented = {
        "band_absolute": "5",
        "band_relative": "25",
        "destination": "1",
        "direction": "both",
        "fractional": False,
        "objective": "closest",
        "min_trade": "0",
        "cash_reserve": "0",
        "commission": "0",
        "spread_bps": "0",
        "outside": "sell",
        "do_not_sell": [],
        "do_not_buy": [],
        "force": False,
    }
    assert read(changed(policy=documented)) == read(changed(policy={}))
    assert read(changed(policy=documented)).policy == FILE_DEFAULTS


def test_only_targets_and_prices_must_be_there() -> None:
    request = read({"targets": {"AAPL": 100}, "prices": {"AAPL": 1}})
    assert request.holdings.cash == 0
    assert request.holdings.positions == {}
    assert request.policy == FILE_DEFAULTS


def test_reads_every_policy_field() -> None:
    policy = {
        "band_absolute": "off",
        "band_relative": 20,
        "portfolio_band": "3",
        "destination": 0.5,
        "direction": "buy_only",
        "fractional": True,
        "min_trade": 10,
        "cash_reserve": "2%",
        "commission": "1.50",
        "spread_bps": 5,
        "outside": "keep",
        "do_not_sell": ["aapl"],
        "do_not_buy": ["MSFT"],
        "force": True,
        "bands": {"CASH": {"absolute": "2"}, "MSFT": {"absolute": "off", "relative": "10"}},
    }
    request = read(changed(policy=policy))
    found = request.policy
    assert found.band == Band(None, Decimal(20))
    assert found.bands == {
        "CASH": Band(Decimal(2), Decimal(20)),
        "MSFT": Band(None, Decimal(10)),
    }
    assert found.portfolio_band == 3
    assert found.destination == Decimal("0.5")
    assert found.direction is Direction.BUY_ONLY
    assert found.fractional is Fractional.ON
    assert found.min_trade == 10
    assert found.cash_reserve == Reserve(Decimal(2), is_percent=True)
    assert found.commission == Decimal("1.50")
    assert found.spread_bps == 5
    assert found.outside is Outside.KEEP
    assert found.do_not_sell == {AAPL}
    assert found.do_not_buy == {MSFT}
    assert request.force


def test_bands_come_first_in_the_file_and_still_follow_the_portfolios() -> None:
    text = json.dumps(GOOD).replace(
        '{"bands": {"AAPL": {"absolute": "3"}}}',
        '{"bands": {"AAPL": {"absolute": "3"}}, "band_relative": "10"}',
    )
    assert read(text).policy.bands == {AAPL: Band(Decimal(3), Decimal(10))}


def test_json_numbers_are_exact() -> None:
    text = '{"cash": 0.1, "targets": {"A": 100}, "prices": {"A": 123456789.123456789}}'
    request = read(text)
    assert request.holdings.cash == Decimal("0.1")
    assert request.prices == {"A": Decimal("123456789.123456789")}


def test_symbols_may_be_written_in_any_case() -> None:
    request = read(
        {
            "targets": {"aapl": 60, "cash": 40},
            "prices": {"Aapl": 1},
            "positions": [{"symbol": "aApl", "quantity": 3}],
        }
    )
    assert request.targets.weights == {"AAPL": 60, "CASH": 40}
    assert request.holdings.positions == {AAPL: 3}


def test_a_position_that_is_kept_outside_needs_no_price() -> None:
    positions = [{"symbol": "OLD", "quantity": 3}]
    raw = changed(positions=positions, lots=[], policy={"outside": "keep"})
    assert read(raw).holdings.positions == {"OLD": 3}
    assert faults(raw, "outside=sell") == (
        (
            "prices.OLD: missing; a price is needed for every symbol in targets and positions that is"
            " managed"
        ),
    )
    assert (
        read(changed(positions=positions, lots=[]), "outside=keep").policy.outside is Outside.KEEP
    )


def test_a_byte_order_mark_is_no_fault() -> None:
    assert read_json_request(b"\xef\xbb\xbf" + json.dumps(GOOD).encode()) == read(GOOD)


def test_options_change_the_files_policy() -> None:
    request = read(GOOD, "band=4/20", "nosell=AAPL", "force=true", "band:MSFT=2")
    assert request.policy.band == Band(Decimal(4), Decimal(20))
    assert request.policy.do_not_sell == {AAPL}
    assert request.policy.bands[MSFT].absolute == 2
    assert request.force


# --- what is wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"cash": "-1"}, 'cash: expected a number of at least 0, got "-1"'),
        ({"cash": True}, "cash: expected a number of at least 0, got true"),
        ({"cash": None}, "cash: expected a number of at least 0, got null"),
        ({"cash": "1,5"}, 'cash: expected a number of at least 0 with a point (1.5), got "1,5"'),
        ({"cash": "1e2"}, 'cash: expected a number of at least 0, got "1e2"'),
        ({"cash": "٦٠"}, 'cash: expected a number of at least 0, got "٦٠"'),
        ({"cash": [1]}, "cash: expected a number of at least 0, got a list"),
        (
            {"cash": 10**12},
            "cash: expected a number of at least 0 and at most 100000000000, got 1000000000000",
        ),
        ({"positions": {}}, "positions: expected a list, got an object"),
        ({"positions": ["AAPL"]}, 'positions[0]: expected an object, got "AAPL"'),
        (
            {"positions": [{"symbol": "AAPL"}]},
            "positions[0].quantity: missing; expected a number",
        ),
        (
            {"positions": [{"quantity": 1}]},
            "positions[0].symbol: missing; expected a symbol such as VTI",
        ),
        (
            {"positions": [{"symbol": "AAPL", "quantity": "-3"}]},
            'positions[0].quantity: expected a number of at least 0, got "-3"',
        ),
        (
            {"positions": [{"symbol": "CASH", "quantity": 1}]},
            "positions[0].symbol: CASH is not a position; put it under cash",
        ),
        (
            {"positions": [{"symbol": "A B", "quantity": 1}]},
            'positions[0].symbol: expected a symbol such as VTI or BRK.B, got "A B"',
        ),
        (
            {"positions": [{"symbol": s, "quantity": 1} for s in ("AAPL", "aapl")]},
            "positions[1].symbol: AAPL is named twice; expected each symbol once",
        ),
        (
            {"positions": [{"symbol": "AAPL", "quantity": 1, "price": 2}]},
            "positions[0].price: unknown field; expected symbol, quantity",
        ),
        (
            {"prices": {"AAPL": 190}},
            (
                "prices.MSFT: missing; a price is needed for every symbol in"
                " targets and positions that is managed"
            ),
        ),
        (
            {"prices": {"AAPL": 0, "MSFT": 1}},
            "prices.AAPL: expected a number above 0, got 0",
        ),
        (
            {"prices": {"AAPL": 1, "MSFT": 1, "CASH": 1}},
            "prices.CASH: CASH has no price; leave it out",
        ),
        ({"prices": []}, "prices: expected an object, got a list"),
        (
            {"targets": {}},
            "targets: empty; expected at least one symbol with its weight in percent",
        ),
        ({"targets": "AAPL"}, 'targets: expected an object, got "AAPL"'),
        (
            {"targets": {"AAPL": "55", "MSFT": "44.99"}},
            "targets: weights sum to 99.99, 0.01 short of 100",
        ),
        (
            {"targets": {"AAPL": "55", "MSFT": "45.01"}},
            "targets: weights sum to 100.01, 0.01 more than 100",
        ),
        (
            {"targets": {"AAPL": "-5", "MSFT": "100"}},
            'targets.AAPL: expected a number from 0 to 100, got "-5"',
        ),
        (
            {"targets": {"AAPL": "50", "aapl": "50"}},
            "targets.aapl: AAPL is named twice; expected each symbol once",
        ),
        (
            {"lots": [{"symbol": "AAPL", "quantity": 11}]},
            "lots: AAPL has 11 shares in lots; expected at most the position's 10",
        ),
        (
            {"lots": [{"symbol": "MSFT", "quantity": 1}]},
            "lots: MSFT has 1 shares in lots; expected at most the position's 0",
        ),
        (
            {"lots": [{"symbol": "AAPL", "quantity": 1, "acquired": "2023-02-30"}]},
            'lots[0].acquired: expected a date such as 2023-01-05, got "2023-02-30"',
        ),
        (
            {"lots": [{"symbol": "AAPL", "quantity": 1, "acquired": 20230105}]},
            "lots[0].acquired: expected a date such as 2023-01-05, got 20230105",
        ),
        (
            {"lots": [{"symbol": "AAPL", "quantity": 0}]},
            "lots[0].quantity: expected a number above 0, got 0",
        ),
        (
            {"lots": [{"symbol": "AAPL", "quantity": 1, "cost_per_share": "-1"}]},
            'lots[0].cost_per_share: expected a number of at least 0, got "-1"',
        ),
        (
            {"lots": [{"symbol": "AAPL", "quantity": 1, "cost": "1"}]},
            "lots[0].cost: unknown field; expected symbol, quantity, cost_per_share, acquired, name",
        ),
        (
            {"extra": 1},
            (
                "extra: unknown field; expected cash, positions, lots, prices, targets, policy,"
                " accounts, lots_first, withdraw, substitutes, asset_classes, tax"
            ),
        ),
        ({"policy": []}, "policy: expected an object, got a list"),
        (
            {"policy": {"band_absolut": 5}},
            "policy.band_absolut: unknown field; did you mean band_absolute?",
        ),
        (
            {"policy": {"destination": 2}},
            "policy.destination: expected a number from 0 to 1, got 2",
        ),
        (
            {"policy": {"min_trade": True}},
            "policy.min_trade: expected an amount of at least 0, such as 25, got true",
        ),
        (
            {"policy": {"fractional": 1}},
            "policy.fractional: expected true or false, got 1",
        ),
        ({"policy": {"force": "no"}}, 'policy.force: expected true or false, got "no"'),
        (
            {"policy": {"direction": "up"}},
            'policy.direction: expected one of both, buy_only, sell_only, got "up"',
        ),
        (
            {"policy": {"objective": "nearest"}},
            'policy.objective: expected one of closest, fewest, cheapest, got "nearest"',
        ),
        (
            {"policy": {"do_not_sell": "AAPL"}},
            'policy.do_not_sell: expected a list, got "AAPL"',
        ),
        (
            {"policy": {"do_not_buy": ["APPL"]}},
            "policy.do_not_buy[0]: APPL is in neither targets nor positions; expected one that is",
        ),
        (
            {"policy": {"bands": {"APPL": {"absolute": 1}}}},
            "policy.bands.APPL: APPL is in neither targets nor positions; expected one that is",
        ),
        (
            {"policy": {"bands": {"AAPL": {"abs": 1}}}},
            "policy.bands.AAPL.abs: unknown field; expected absolute, relative",
        ),
        (
            {"policy": {"bands": {"AAPL": {"absolute": -1}}}},
            "policy.bands.AAPL.absolute: expected a number from 0 to 100, or off, got -1",
        ),
        (
            {"policy": {"bands": {"AAPL": 3}}},
            "policy.bands.AAPL: expected an object, got 3",
        ),
    ],
)
def test_a_fault_names_the_field_and_what_was_expected(
    fields: dict[str, object], fault: str
) -> None:
    assert faults(changed(**fields)) == (fault,)


def test_a_calendar_has_no_place_in_a_plan_file() -> None:
    (fault,) = faults(changed(policy={"calendar": "weekly"}))
    assert fault.startswith("policy.calendar: unknown field; ")


def test_every_fault_is_told_at_once() -> None:
    raw = changed(cash="x", targets={"AAPL": 99}, prices={"AAPL": "y"}, policy={"z": 1})
    assert [fault.partition(":")[0] for fault in faults(raw)] == [
        "cash",
        "prices.AAPL",
        "policy.z",
        "targets",
    ]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(number: str) -> None:
    text = f'{{"cash": {number}, "targets": {{"A": 100}}, "prices": {{"A": {number}}}}}'
    assert faults(text) == (
        f"cash: expected a number of at least 0, got {number}",
        f"prices.A: expected a number above 0, got {number}",
    )


def test_duplicate_keys_are_refused_wherever_they_are() -> None:
    text = (
        '{"cash": 1, "cash": 2, "targets": {"A": 50, "A": 100}, "prices": {"A": 1},'
        ' "policy": {"force": true, "force": false}}'
    )
    assert faults(text) == (
        "cash: named twice; expected once",
        "targets.A: named twice; expected once",
        "policy.force: named twice; expected once",
    )


def test_what_a_terminal_cannot_show_stays_on_one_line() -> None:
    assert faults(changed(**{"a\nb\x1b[31m\ud800": 1, "cash": "\u2028\u202e"})) == (
        (
            "a\ufffdb\ufffd[31m\ufffd: unknown field; expected cash, positions, lots, prices, targets,"
            " policy, accounts, lots_first, withdraw, substitutes, asset_classes, tax"
        ),
        'cash: expected a number of at least 0, got "\ufffd\ufffd"',
    )


def test_missing_fields_are_named() -> None:
    assert faults({}) == (
        "targets: missing; expected an object by symbol",
        "prices: missing; expected an object by symbol",
    )


@pytest.mark.parametrize("text", ["[]", "3", "null", '"x"', "true"])
def test_anything_but_an_object_is_refused(text: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith("the file: expected an object, got ")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column 1"),
        ('{"cash": 1,}', "line 1, column 12"),
        ('{\n "cash": 1\n "x": 2}', "line 3, column 2"),
    ],
)
def test_broken_json_is_told_with_line_and_column(text: str, where: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith(f"plan.json: not valid JSON at {where}: ")


def test_deep_nesting_is_refused() -> None:
    (fault,) = faults("[" * 200_000)
    assert fault.startswith("plan.json: ")


def test_other_encodings_are_refused() -> None:
    with pytest.raises(PlanFileRefused) as refused:
        read_json_request('{"cash": "é"}'.encode("latin-1"), "plan.json")
    assert refused.value.faults == ("plan.json: not UTF-8 text (byte 11); expected UTF-8",)


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("band", "--policy band: expected name=value, such as band=5"),
        ("bnad=5", "--policy bnad: unknown name; did you mean band?"),
        ("band=x", '--policy band: expected a number from 0 to 100, or off, got "x"'),
        (
            "objective=nearest",
            '--policy objective: expected one of closest, fewest, cheapest, got "nearest"',
        ),
        ("force=maybe", '--policy force: expected true or false, got "maybe"'),
    ],
)
def test_an_option_that_is_wrong_is_named(option: str, fault: str) -> None:
    assert faults(GOOD, option) == (fault,)


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from([*GOOD]), json_values)
def test_any_value_anywhere_is_read_or_refused(field: str, value: object) -> None:
    try:
        request = read(changed(**{field: value}))
    except PlanFileRefused as refused:
        assert all(": " in fault for fault in refused.faults)  # noqa: PT017 - both are right
        return
    assert request.targets.lines


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(PlanFileRefused):
        read_json_request(data)


# --- CSV -----------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> CsvFiles:
    (tmp_path / "targets.csv").write_text("symbol,weight\nAAPL,55\nmsft,45\n", "utf-8")
    (tmp_path / "holdings.csv").write_text("symbol,quantity\r\nAAPL,10\r\n\r\n", "utf-8")
    (tmp_path / "prices.csv").write_text("\ufeffSymbol, Price\nAAPL,190.12\nMSFT,411\n", "utf-8")
    return CsvFiles(
        tmp_path / "targets.csv", tmp_path / "prices.csv", tmp_path / "holdings.csv", "20.50"
    )


def csv_faults(files: CsvFiles, *options: str) -> list[str]:
    with pytest.raises(PlanFileRefused) as refused:
        read_csv_request(files, options)
    return [fault.replace(f"{files.targets.parent}/", "") for fault in refused.value.faults]


def test_csv_files_say_the_same_as_json(files: CsvFiles) -> None:
    assert read_csv_request(files, ["min=5"]) == read(
        {
            "cash": "20.50",
            "positions": [{"symbol": "AAPL", "quantity": "10"}],
            "prices": {"AAPL": "190.12", "MSFT": "411"},
            "targets": {"AAPL": "55", "MSFT": "45"},
            "policy": {"min_trade": "5"},
        }
    )


def test_holdings_and_cash_may_be_missing(files: CsvFiles) -> None:
    request = read_csv_request(CsvFiles(files.targets, files.prices))
    assert request.holdings.positions == {}
    assert request.holdings.cash == 0


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        (
            "targets.csv",
            "symbol,weight\nAAPL,x\nMSFT,45\n",
            'targets.csv line 2, weight: expected a number from 0 to 100, got "x"',
        ),
        (
            "targets.csv",
            "symbol,weight\nAAPL,54.5\nMSFT,45\n",
            "targets: weights sum to 99.5, 0.5 short of 100",
        ),
        (
            "targets.csv",
            "symbol,percent\nAAPL,55\n",
            'targets.csv: expected the header symbol,weight, got "symbol,percent"',
        ),
        (
            "targets.csv",
            "",
            "targets.csv: expected the header symbol,weight, got an empty file",
        ),
        (
            "holdings.csv",
            "symbol,quantity\n<b>,1\n",
            'holdings.csv line 2, symbol: expected a symbol such as VTI or BRK.B, got "<b>"',
        ),
        (
            "holdings.csv",
            "symbol,quantity\nAAPL,1\n\nAAPL,2\n",
            "holdings.csv line 4, symbol: AAPL is named twice; expected each symbol once",
        ),
        (
            "holdings.csv",
            "symbol,quantity\nAAPL,1,2\n",
            "holdings.csv line 2: expected 2 values (symbol,quantity), got 3",
        ),
        (
            "prices.csv",
            "symbol,price\nAAPL,1\nMSFT,-1\n",
            'prices.csv line 3, price: expected a number above 0, got "-1"',
        ),
        (
            "prices.csv",
            'symbol,price\nAAPL,1\n"MSFT,1',
            "prices.csv: not valid CSV: unexpected end of data",
        ),
    ],
)
def test_a_fault_in_csv_names_file_line_and_column(
    files: CsvFiles, name: str, text: str, fault: str
) -> None:
    (files.targets.parent / name).write_text(text, "utf-8")
    assert csv_faults(files) == [fault]


def test_files_that_cannot_be_read_are_all_named(files: CsvFiles, tmp_path: Path) -> None:
    files.targets.unlink()
    files.prices.write_bytes(b"symbol,price\n\xff")
    assert csv_faults(CsvFiles(files.targets, files.prices, tmp_path, "-1")) == [
        '--cash: expected a number of at least 0, got "-1"',
        "targets.csv: no such file or directory; expected a file",
        f"{tmp_path}: is a directory; expected a file",
        "prices.csv: not UTF-8 text (byte 14); expected UTF-8",
    ]


def test_lines_have_asset_classes_that_the_policy_places() -> None:
    data = {
        "prices": {"VTI": "100", "BND": "50"},
        "targets": {"VTI": "60", "BND": "40"},
        "asset_classes": {"bnd": "Bonds"},
        "policy": {"locations": "bonds:tax_deferred"},
    }
    request = read_json_request(json.dumps(data).encode())
    assert [line.asset_class for line in request.targets.lines] == [None, "bonds"]
    assert request.policy.kept_in("bonds") == (TaxTreatment.TAX_DEFERRED,)


@pytest.mark.parametrize(
    ("classes", "fault"),
    [
        (
            {"VTI": "b0nds"},
            'asset_classes.VTI: expected a word of up to 20 letters and _, such as bonds, got "b0nds"',
        ),
        ({"GLD": "gold"}, "asset_classes.GLD: no target; expected the symbol of a line in targets"),
    ],
)
def test_an_asset_class_is_a_word_of_a_line(classes: dict[str, str], fault: str) -> None:
    data = {"prices": {"VTI": "100"}, "targets": {"VTI": "100"}, "asset_classes": classes}
    with pytest.raises(PlanFileRefused) as refused:
        read_json_request(json.dumps(data).encode())
    assert refused.value.faults == (fault,)
