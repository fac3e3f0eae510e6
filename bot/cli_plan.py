"""``evenkeel plan``: calculate a plan from a file, without chat, store or network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bot.cli_start import BAD_INPUT
from bot.plan_file import (
    CsvFiles,
    PlanFileRefused,
    read_bytes,
    read_csv_request,
    read_json_request,
)
from bot.words.refusals import refusal_sentence
from core.domain.plan import PlanRequest
from core.domain.refusals import NegativeTotal, Refusal

_PATH = click.Path(path_type=Path)


@click.command("plan")
@click.argument("file", required=False, type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, not a table.")
@click.option(
    "--details", is_flag=True, help="With --json: proof, cure, lots and what they realise as well."
)
@click.option("--targets", type=_PATH, help="CSV with the header symbol,weight.")
@click.option("--holdings", type=_PATH, help="CSV with the header symbol,quantity.")
@click.option("--prices", type=_PATH, help="CSV with the header symbol,price.")
@click.option("--cash", help="Cash in the account; 0 where it is not given.")
@click.option(
    "--policy", "policy", multiple=True, metavar="NAME=VALUE", help="Set a policy field; repeat it."
)
def plan_command(
    *,
    file: Path | None,
    as_json: bool,
    details: bool,
    targets: Path | None,
    holdings: Path | None,
    prices: Path | None,
    cash: str | None,
    policy: tuple[str, ...],
) -> None:
    """Calculate a plan from FILE (JSON; - reads it from standard input), or from CSV files.

    Exits with status 2 and one line for each fault where the input is not right.
    """
    try:
        if file is not None:
            _require_no_csv(targets, holdings, prices, cash)
            request = _read_file(file, policy)
        else:
            request = read_csv_request(_csv_files(targets, holdings, prices, cash), policy)
        text = _calculated(request, as_json=as_json, details=details)
    except PlanFileRefused as refused:
        _refuse("\n".join(refused.faults))
    except NegativeTotal as nothing:
        worth = f"{nothing.total.normalize():f}"
        what = "expected more than 0 to calculate weights"
        _refuse(f"cash, positions: worth {worth} together; {what}")
    except Refusal as refusal:
        _refuse(refusal_sentence(refusal))
    else:
        click.echo(text, nl=False)


def _calculated(request: PlanRequest, *, as_json: bool, details: bool) -> str:
    """Calculate and put into text; the heavy libraries come only now, after the input was right."""
    from bot.plan_output import plan_as_json, plan_as_text
    from core.planning import calculate

    plan = calculate(request)
    if as_json:
        by_account = any(account.name for account in request.accounts)
        made = plan_as_json(plan, by_account=by_account, details=details)
        return json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    return plan_as_text(plan)


def _read_file(file: Path, policy: tuple[str, ...]) -> PlanRequest:
    if str(file) == "-":
        return read_json_request(sys.stdin.buffer.read(), "standard input", policy)
    return read_json_request(read_bytes(file), str(file), policy)


def _require_no_csv(*options: object) -> None:
    if any(option is not None for option in options):
        message = "FILE: expected either FILE, or --targets, --prices, --holdings and --cash"
        raise PlanFileRefused([message])


def _csv_files(
    targets: Path | None, holdings: Path | None, prices: Path | None, cash: str | None
) -> CsvFiles:
    if targets is None and prices is None:
        raise PlanFileRefused(["FILE: missing; expected FILE, or --targets and --prices"])
    missing = {"--targets": targets, "--prices": prices}
    faults = [f"{name}: missing; expected a CSV file" for name, path in missing.items() if not path]
    if targets is None or prices is None:
        raise PlanFileRefused(faults)
    return CsvFiles(targets, prices, holdings, "0" if cash is None else cash)


def _refuse(text: str) -> None:
    click.echo(text, err=True)
    sys.exit(BAD_INPUT)


if __name__ == "__main__":
    plan_command()
