"""The notebook in the docs: its cells run, and print what it shows."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebooks" / "plan.ipynb"


def code_cells() -> list[dict[str, Any]]:
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def test_every_cell_prints_what_the_notebook_shows() -> None:
    names: dict[str, Any] = {}
    for cell in code_cells():
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("".join(cell["source"]), names)
        shown = "".join("".join(output["text"]) for output in cell["outputs"])
        assert printed.getvalue() == shown


def test_the_notebook_shows_a_proof_a_cure_and_a_tax() -> None:
    shown = "".join("".join(out["text"]) for cell in code_cells() for out in cell["outputs"])
    assert "proven" in shown
    assert "Or add" in shown
    assert "tax $" in shown
