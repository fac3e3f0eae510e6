"""Brokers' files of positions: each layout as the broker writes it, and what is wrong with a line, by its number."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.book import BookChange
from core.domain.holdings_columns import read_date, read_number
from core.domain.holdings_file import MOST_BYTES, read_holdings_file
from core.domain.ids import Symbol
from core.domain.lots import Lot
from core.domain.refusals import UnreadableFile

VTI, BND, BRK_B = Symbol("VTI"), Symbol("BND"), Symbol("BRK.B")

FIDELITY = """\ufeffAccount Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change,Current Value,\
Today's Gain/Loss Dollar,Today's Gain/Loss Percent,Total Gain/Loss Dollar,Total Gain/Loss Percent,Percent Of Account,\
Cost Basis Total,Average Cost Basis,Type
Z12345678,INDIVIDUAL,SPAXX**,HELD IN MONEY MARKET,,,,$1520.35,,,,,4.52%,,,Cash,
Z12345678,INDIVIDUAL,VTI,VANGUARD TOTAL STOCK MARKET ETF,112,$287.14,+$1.20,$32159.68,+$134.40,+0.42%,+$4148.48,\
+14.81%,95.48%,"$28,011.20",$250.10,Cash,
Z12345678,INDIVIDUAL,Pending Activity,,,,,$0.00,,,,,,,,

"The data and information in this spreadsheet is provided to you solely for your use, and is not for distribution."

"Brokerage services are provided by Fidelity Brokerage Services LLC (FBS), 900 Salem Street, Smithfield, RI 02917."

"Date downloaded Mar-09-2026 10:12 a.m ET"
"""

SCHWAB = """"Positions for account Individual ...123 as of 04:00 PM ET, 2026/03/09"

"Symbol","Description","Qty (Quantity)","Price","Price Chng $ (Price Change $)","Mkt Val (Market Value)",\
"Cost Basis","Gain $ (Gain/Loss $)","Reinvest?","% of Acct (% of Account)","Security Type"
"VTI","VANGUARD TOTAL STOCK MARKET ETF","1,112","$287.14","$1.20","$319,299.68","$278,000.00","$41,299.68","No",\
"99.5%","ETFs & Closed End Funds"
"BRK/B","BERKSHIRE HATHAWAY INC CLASS B","2","$500.00","$0.00","$1,000.00","--","--","No","0.3%","Equity"
"Cash & Cash Investments","--","--","--","--","$1,520.35","--","--","--","0.5%","Cash and Money Market"
"Account Total","--","--","--","--","$321,820.03","$278,000.00","$41,299.68","--","--","--"
"""

VANGUARD = """Account Number,Investment Name,Symbol,Shares,Share Price,Total Value,
12345678,VANGUARD TOTAL STOCK MARKET ETF,VTI,112.5,287.14,32303.25,
12345678,VANGUARD FEDERAL MONEY MARKET FUND,VMFXX,1520.35,1,1520.35,


Account Number,Trade Date,Settlement Date,Transaction Type,Transaction Description,Investment Name,Symbol,Shares,\
Share Price,Principal Amount,Commissions and Fees,Net Amount,Accrued Interest,Account Type,
12345678,2026-03-02,2026-03-03,Buy,Buy,VANGUARD TOTAL STOCK MARKET ETF,VTI,12.5,250.10,3126.25,0.0,-3126.25,0.0,CASH,
"""

INTERACTIVE_BROKERS = """Statement,Header,Field Name,Field Value
Statement,Data,BrokerName,Interactive Brokers LLC
Cash Report,Header,Currency Summary,Currency,Total,Securities,Futures,
Cash Report,Data,Starting Cash,Base Currency Summary,99999,99999,0,
Cash Report,Data,Ending Cash,Base Currency Summary,1620.35,1620.35,0,
Cash Report,Data,Ending Cash,USD,1520.35,1520.35,0,
Open Positions,Header,DataDiscriminator,Asset Category,Currency,Symbol,Quantity,Mult,Cost Price,Cost Basis,\
Close Price,Value,Unrealized P/L,Code
Open Positions,Data,Summary,Stocks,USD,VTI,112,1,250.1,28011.2,287.14,32159.68,4148.48,
Open Positions,Data,Lot,Stocks,USD,VTI,112,1,250.1,28011.2,287.14,32159.68,4148.48,
Open Positions,Total,,Stocks,USD,,,,,28011.2,,32159.68,4148.48,
"""

TRADING_212 = """Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),Exchange rate,Total
Deposit,2024-01-02 08:00:00,,,,,,,,5000
Market buy,2024-03-01 14:30:01,US9229087690,VTI,Vanguard Total,100.0000000000,250.10,USD,1,25010
Limit buy,2024-06-03 14:30:01,US9229087690,VTI,Vanguard Total,20.0000000000,260.00,USD,1,5200
Market sell,2024-07-01 14:30:01,US9229087690,VTI,Vanguard Total,108.0000000000,270.00,USD,1,2160
Dividend (Ordinary),2024-07-02 08:00:00,US9229087690,VTI,Vanguard Total,12.0000000000,0.9,USD,1,10
"""

DEGIRO = """Product,Symbol/ISIN,Amount,Closing,Local value,,Value in EUR
CASH & CASH FUND & FTX CASH (USD),,,,USD,1520.35,"1400,10"
VANGUARD TOTAL STOCK MARKET ETF,US9229087690,112,"287,14",USD,32159.68,"29000,00"
"""


def held(text: str) -> BookChange:
    return read_holdings_file(text.encode())


def faults(text: str | bytes) -> tuple[str, ...]:
    with pytest.raises(UnreadableFile) as caught:
        read_holdings_file(text if isinstance(text, bytes) else text.encode())
    return caught.value.faults


@pytest.mark.parametrize(
    ("text", "lots", "cash"),
    [
        (FIDELITY, {VTI: (Lot(VTI, Decimal(112), Decimal("250.10")),)}, "1520.35"),
        (
            SCHWAB,
            {
                VTI: (Lot(VTI, Decimal(1112), Decimal(250)),),
                BRK_B: (Lot(BRK_B, Decimal(2)),),
            },
            "1520.35",
        ),
        (VANGUARD, {VTI: (Lot(VTI, Decimal("112.5")),)}, "1520.35"),
        (
            INTERACTIVE_BROKERS,
            {VTI: (Lot(VTI, Decimal(112), Decimal("250.1")),)},
            "1520.35",
        ),
        (
            TRADING_212,
            {VTI: (Lot(VTI, Decimal(12), Decimal(260), date(2024, 6, 3)),)},
            None,
        ),
        (
            "symbol;quantity\nVTI;1,5\nCASH;1.520,35\n",
            {VTI: (Lot(VTI, Decimal("1.5")),)},
            "1520.35",
        ),
        (
            "Ticker\tShares\tCost/Share\tDate Acquired\nbnd\t3\t73.43\t03/01/2024\n",
            {BND: (Lot(BND, Decimal(3), Decimal("73.43"), date(2024, 3, 1)),)},
            None,
        ),
    ],
    ids=["fidelity", "schwab", "vanguard", "ibkr", "trading212", "semicolons", "tabs"],
)
def test_each_layout_says_what_is_held(
    text: str, lots: dict[Symbol, tuple[Lot, ...]], cash: str | None
) -> None:
    change = held(text)
    assert dict(change.lots) == lots
    assert change.cash == (None if cash is None else Decimal(cash))
    assert change.replaces_all


def test_lots_of_one_symbol_stay_apart() -> None:
    change = held("Symbol,Quantity,Cost/Share\nVTI,1,10\nVTI,2,20\nVTI,0,30\n")
    assert [str(lot.quantity) for lot in change.lots[VTI]] == ["1", "2"]
    assert [str(lot.cost_per_share) for lot in change.lots[VTI]] == ["10", "20"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_recognised(encoding: str) -> None:
    text = "Symbol,Description,Quantity\nVTI,Börse – Fonds,3\n"
    assert read_holdings_file(text.encode(encoding)).positions == {VTI: 3}


def test_lines_that_no_plan_can_use_are_named_by_number_and_reason() -> None:
    text = (
        "Symbol,Quantity,Currency\nVTI,abc,USD\nBND,-3,USD\nFÖÖ,1,USD\nSPY,1,EUR\nQQQ,,USD\n"
        "US9229087690,1,USD\n"
    )
    assert faults(text) == (
        "Line 2: “abc” is no number of shares of VTI.",
        "Line 3: -3 shares of BND: I take more than 0, held and paid for.",
        "Line 4: “FÖÖ” is no symbol.",
        "Line 5: this line is in EUR; I take USD only.",
        "Line 6: QQQ has no number of shares.",
        "Line 7: US9229087690 is an ISIN, and I need the symbol that the exchange uses.",
    )


def test_many_bad_lines_are_counted() -> None:
    found = faults("Symbol,Quantity\n" + "VTI,x\n" * 20)
    assert len(found) == 7
    assert found[-1] == "And 14 more."


def test_a_line_by_isin_is_refused_by_name() -> None:
    assert faults(DEGIRO) == (
        "Line 3: US9229087690 is an ISIN, and I need the symbol that the exchange uses.",
    )


def test_several_accounts_in_one_file_are_not_mixed() -> None:
    two = FIDELITY.replace("Z12345678,INDIVIDUAL,VTI", "Z99999999,ROTH IRA,VTI")
    assert faults(two) == (
        "The file has 2 accounts in it: keep the lines of one, and send it again.",
    )


def test_a_history_that_begins_too_late_is_refused() -> None:
    late = TRADING_212.replace("Market buy", "Dividend")
    assert "more VTI is sold than was bought before" in faults(late)[0]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no header"),
        (b"PK\x03\x04rest of a spreadsheet", "CSV files only"),
        (b"%PDF-1.7 whatever", "CSV files only"),
        (b"a\0b", "no text"),
        (b"Date,Amount\n2024-01-01,5\n", "no header"),
        (b"Symbol,Quantity\n", "No line of it is a position"),
        (b"x" * (MOST_BYTES + 1), "larger than 512 kB"),
    ],
)
def test_what_is_no_list_of_positions_is_refused(data: bytes, words: str) -> None:
    assert words in faults(data)[0]


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    for candidate in (data, b"Symbol,Quantity,Cost Basis\n" + data):
        try:
            change = read_holdings_file(candidate)
        except UnreadableFile:
            continue
        assert all(quantity > 0 for quantity in change.positions.values())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,234.50", "1234.50"),
        ("(12.00)", "-12.00"),
        ("1.234,50", "1234.50"),
        ("12,5", "12.5"),
        ("1,234", "1234"),
        ("+3", "3"),
        ("1520.35 USD", "1520.35"),
    ],
)
def test_numbers_as_brokers_write_them(text: str, number: str) -> None:
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["--", "", "n/a", " — "])
def test_nothing_is_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize("text", ["1e5", "abc", "1,2,3", "٣", "NaN", "9" * 40])
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_number(text)


def test_days_as_brokers_write_them() -> None:
    for text in ("2024-03-01", "03/01/2024", "20240301", "Mar-01-2024", "2024-03-01 14:30:01"):
        assert read_date(text) == date(2024, 3, 1)
    assert read_date("soon") is None
