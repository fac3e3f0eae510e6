"""Metrics: what a Prometheus server may ask for.

Counts of checks, proposals, orders and messages come from the store, and so are true for all processes together; what
calls took is known to the process that made them. No label names a person, a portfolio, an account or a symbol, and
no value is an amount of money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from core.domain.order import OrderState
from core.domain.proposal import ProposalState
from core.ports.meter import CallEnd
from core.ports.store.counts import StoreCounts

SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Bounds of the buckets into which calls fall."""

TELEGRAM_METHODS = frozenset(
    {
        "answerCallbackQuery",
        "deleteMessage",
        "editMessageCaption",
        "editMessageMedia",
        "editMessageReplyMarkup",
        "editMessageText",
        "getFile",
        "getMe",
        "sendChatAction",
        "sendDocument",
        "sendMessage",
        "sendPhoto",
        "setMyCommands",
    }
)
"""Methods with a label of their own; all others are ``other``."""

COUNTER, GAUGE = CounterMetricFamily, GaugeMetricFamily


class Metrics:
    """What one process has measured itself: rounds of work, and the calls to Telegram and brokers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._telegram = Histogram(
            "evenkeel_telegram_request_seconds",
            "What requests to Telegram took, but for the long wait for updates.",
            ("method", "end"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._broker = Histogram(
            "evenkeel_broker_call_seconds",
            "What calls to brokers took.",
            ("broker", "call", "end"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._rounds = Counter(
            "evenkeel_rounds",
            "Rounds of due work of this process.",
            ("end",),
            registry=self.registry,
        )
        self._last_round = Gauge(
            "evenkeel_last_round_timestamp_seconds",
            "When this process last finished a round of due work.",
            registry=self.registry,
        )
        for end in ("ok", "error"):
            self._rounds.labels(end)

    def telegram_request(self, method: str, seconds: float, end: CallEnd) -> None:
        """Note one request to Telegram."""
        known = method if method in TELEGRAM_METHODS else "other"
        self._telegram.labels(known, end.value).observe(seconds)

    def broker_call(self, broker: str, call: str, seconds: float, end: CallEnd) -> None:
        """Note one call to a broker."""
        self._broker.labels(broker, call, end.value).observe(seconds)

    def round_done(self, timestamp: float) -> None:
        """Note a round of due work that has come to its end; seconds since 1970."""
        self._rounds.labels("ok").inc()
        self._last_round.set(timestamp)

    def round_failed(self) -> None:
        """Note a round that was ended by an error."""
        self._rounds.labels("error").inc()

    def text(self, counts: StoreCounts) -> bytes:
        """Everything in Prometheus' text format."""
        of_store = CollectorRegistry()
        of_store.register(_Counted(counts))
        return generate_latest(of_store) + generate_latest(self.registry)


class _Counted:
    """The store's counts as Prometheus collects them."""

    def __init__(self, counts: StoreCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Give one family after the other."""
        counts = self._counts
        yield _by("checks", "Checks done, by outcome.", "outcome", counts.checks, COUNTER)
        if counts.checks_late is not None:
            late = "Scheduled checks done more than half an hour after they fell due."
            yield CounterMetricFamily("evenkeel_checks_late", late, value=counts.checks_late)
        overdue = "Scheduled checks that fell due more than half an hour ago and are not done."
        yield GaugeMetricFamily("evenkeel_checks_overdue", overdue, value=counts.checks_overdue)
        proposals = {state.value: counts.proposals.get(state, 0) for state in ProposalState}
        yield _by("proposals", "Proposals, by the state they are in.", "state", proposals)
        orders = {state.value: counts.orders.get(state, 0) for state in OrderState}
        yield _by("orders", "Orders, by the state they are in.", "state", orders)
        yield _by("outbox_waiting", "Messages that wait to be sent.", "to", counts.waiting)
        oldest = "For how many seconds the oldest waiting message has waited."
        yield _by("outbox_oldest_seconds", oldest, "to", counts.oldest)
        gone = "Messages that were given up."
        yield _by("outbox_given_up", gone, "to", counts.given_up, COUNTER)
        holds = "Accounts for which nothing is sent."
        yield GaugeMetricFamily("evenkeel_holds", holds, value=counts.holds)
        paused = "Portfolios that are paused."
        yield GaugeMetricFamily("evenkeel_portfolios_paused", paused, value=counts.paused)


def _by(
    name: str,
    words: str,
    label: str,
    values: Mapping[str, float],
    family: type[CounterMetricFamily | GaugeMetricFamily] = GAUGE,
) -> Metric:
    """One family with a value for each of a label's words."""
    made = family(f"evenkeel_{name}", words, labels=[label])
    for word, value in values.items():
        made.add_metric([word], value)
    return made
