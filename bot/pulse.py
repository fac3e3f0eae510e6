"""The pulse: what a process tells of its rounds of work, to itself, to its metrics and to the heartbeat's service."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.heartbeat import Heartbeat
from bot.metrics import Metrics
from core.ports.clock import Clock


@dataclass(slots=True)
class Pulse:
    """Is told of every round; ``last`` is when one last went well, by the monotonic clock."""

    clock: Clock
    heartbeat: Heartbeat
    metrics: Metrics = field(default_factory=Metrics)
    last: float = float("-inf")

    def round_done(self) -> None:
        """A round has come to its end."""
        self.last = self.clock.monotonic()
        self.metrics.round_done(self.clock.now().timestamp())
        self.heartbeat.beat()

    def round_failed(self) -> None:
        """A round was ended by an error: no sign of life is given for it."""
        self.metrics.round_failed()
