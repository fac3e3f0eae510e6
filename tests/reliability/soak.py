"""The state machine by the ten thousand: in shards, each with a seed of its own, over as many processes as there are.

``python -m tests.reliability.soak --runs 10000 --first-seed 1`` prints every seed with what came of it. A shard
that fails leaves its shortest example in ``.hypothesis/soak``, from where it belongs into ``test_kept_runs.py``.
The same seed makes the same runs again: ``--runs 100 --first-seed 17``.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, seed, settings
from hypothesis.internal.conjecture import engine
from hypothesis.stateful import run_state_machine_as_test

SHARD = 100
"""How many runs one seed is good for."""

SHRINKING = 60
"""For so many seconds a failure is made shorter: as it stands it can be read as well."""

STEPS = 50
KEPT = Path(".hypothesis/soak")


@dataclass(frozen=True)
class Shard:
    """What came of the runs of one seed; ``failure`` is the shortest example, empty where none failed."""

    seed: int
    runs: int
    orders: int
    kills: int
    seconds: float
    failure: str = ""


def soak(number: int, runs: int, steps: int) -> Shard:
    """Do the runs of one seed."""
    from tests.reliability.test_state_machine import Family

    count, orders, kills = 0, 0, 0

    class Counted(Family):
        def teardown(self) -> None:
            nonlocal count, orders, kills
            count += 1
            orders += len(self.broker.orders)
            kills += self.kills
            super().teardown()

    began, failure = time.monotonic(), ""
    options = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        print_blob=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(number)(Counted), settings=options)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
        failure = "".join(traceback.format_exception(error))
    return Shard(number, count, orders, kills, time.monotonic() - began, failure)


def prepare() -> None:
    """Once in each process: no words about scripted trouble, and few collections of a heap that only grows."""
    engine.MAX_SHRINKING_SECONDS = SHRINKING
    logging.disable(logging.CRITICAL)
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    given = parser.parse_args()
    seeds = range(given.first_seed, given.first_seed + -(-given.runs // SHARD))
    began, total, failed = time.monotonic(), 0, []
    with ProcessPoolExecutor(given.processes, initializer=prepare) as pool:
        waiting = [
            pool.submit(soak, number, min(SHARD, given.runs), given.steps) for number in seeds
        ]
        for future in as_completed(waiting):
            shard = future.result()
            total += shard.runs
            rate = total / (time.monotonic() - began) * 60
            say(
                f"seed {shard.seed}: {shard.runs} runs, {shard.orders} orders, {shard.kills} kills, "
                f"{shard.seconds:.0f} s; {total} runs so far, {rate:.0f} a minute"
            )
            if shard.failure:
                failed.append(shard.seed)
                say(f"seed {shard.seed} FAILED: {keep(shard)}")
    say(f"{total} runs of up to {given.steps} steps; seeds that failed: {failed or 'none'}")
    return 1 if failed else 0


def keep(shard: Shard) -> Path:
    """Write a failure down where it can be found."""
    file = KEPT / f"seed-{shard.seed}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(shard.failure)
    return file


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
