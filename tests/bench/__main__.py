"""``python -m tests.bench``: measure, and print tables; nothing is written."""

from __future__ import annotations

import asyncio
import logging

import click

from tests.bench.plan import closest_table, fewest_table
from tests.bench.process import process_figures
from tests.bench.sweep import sweep_table
from tests.bench.table import machine, show

PARTS = ("plan", "sweep", "process")


@click.command()
@click.option("--quick", is_flag=True, help="small sizes and few repeats, to see that it runs")
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="measure only these parts")
@click.option(
    "--largest", is_flag=True, help="sweep 100,000 portfolios too: minutes, and 7 GB for objects"
)
def main(*, quick: bool, only: tuple[str, ...], largest: bool) -> None:
    """Measure plans, sweeps of checks, start-up, memory and taps."""
    logging.disable(logging.WARNING)
    click.echo(machine())
    chosen = only or PARTS
    if "plan" in chosen:
        closest_table(quick=quick).show()
        fewest_table(quick=quick).show()
    if "sweep" in chosen:
        few = [100] if quick else [1_000, 10_000]
        sweep_table([*few, 100_000] if largest else few, drifting=few).show()
    if "process" in chosen:
        figures = asyncio.run(process_figures(quick=quick))
        show("The bot's process on the sandbox", figures)


if __name__ == "__main__":
    main()
