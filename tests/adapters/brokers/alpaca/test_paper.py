"""The adapter on Alpaca's real paper service, for those who give the keys of a paper account."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

NAMES = ("EVENKEEL_TEST_ALPACA_KEY", "EVENKEEL_TEST_ALPACA_SECRET")


@pytest.mark.skipif(
    not all(os.environ.get(name) for name in NAMES),
    reason=f"needs {' and '.join(NAMES)}, the keys of a paper account",
)
def test_a_round_at_the_real_paper_service() -> None:
    """In a process of its own, as tests here reach only this machine."""
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    clean = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    command = [sys.executable, "-m", "tests.adapters.brokers.alpaca.paper_round"]
    done = subprocess.run(
        command, env=clean, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
