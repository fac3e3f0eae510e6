"""Tables as files: quoted as spreadsheets read them, and never a formula."""

from __future__ import annotations

from bot.telegram.views.csv_file import csv_document


def test_a_table_is_quoted_and_no_cell_becomes_a_formula() -> None:
    rows = [("-50.00", "Mum, Dad", "=1+1"), ("+3", 'say "hi"', "@SUM(A1)"), ("-x", "", "é")]
    made = csv_document("t.csv", ("gain", "who", "note"), rows)
    assert made.name == "t.csv"
    assert made.content.decode().split("\r\n") == [
        "gain,who,note",
        '-50.00,"Mum, Dad",\'=1+1',
        '+3,"say ""hi""",\'@SUM(A1)',
        "'-x,,é",
        "",
    ]
