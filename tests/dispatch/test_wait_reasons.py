"""The reason why a run waits, as this process knows it, and its sentence."""

from datetime import timedelta
from typing import Any

import pytest

from tests.dispatch.helpers import ended_attempt
from tests.harness import UNUSED
from tocsin.clock import EPOCH
from tocsin.dispatch.circuit_breaker import CircuitConfig
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits, QueueLimits
from tocsin.dispatch.wait_reasons import WaitReason, find_wait_reason
from tocsin.documents import ErrorKind, RunStatus, WaitingFor
from tocsin.outbound.host_rates import HostRates

NOW = EPOCH + timedelta(days=20_000)
HOST = "api.example.com:443"


def run(number: int = 1, **changes: Any) -> Any:
    return {
        "_id": f"r{number}", "owner": "alice", "queue": "reports", "host": HOST, "lane": "l", "fence": 0,
        "status": RunStatus.QUEUED, "rank": number, "timeout": 3600.0, **changes,
    }  # fmt: skip


def explain(limiter: RunLimiter, waiting: Any, circuits: CircuitRegistry | None = None) -> WaitReason | None:
    registry = circuits or CircuitRegistry(UNUSED, InFlightRuns("w", 9, limiter), CircuitConfig(3, 60.0))
    return find_wait_reason(waiting, limiter, registry, NOW)


@pytest.mark.parametrize("status", [RunStatus.RUNNING, RunStatus.COMPLETED, RunStatus.CANCELLED])
def test_a_run_that_is_not_queued_waits_for_nothing(status: RunStatus) -> None:
    assert explain(RunLimiter(), run(status=status, begun=True)) is None


def test_a_failed_attempt_waits_for_its_retry() -> None:
    found = explain(RunLimiter(), run(status=RunStatus.RETRY))
    assert found == WaitReason(WaitingFor.RETRY_AT, "The last attempt failed. The next one is made at nextAttemptAt.")


def test_a_blocked_run_waits_for_the_previous_one_whatever_the_limits() -> None:
    limiter = RunLimiter()
    limiter.set_queue_limits({"reports": QueueLimits(paused=True)})
    found = explain(limiter, run(blocked=True))
    assert found == WaitReason(WaitingFor.EARLIER_RUN, "It starts when the previous run has ended.")


def test_a_run_that_no_limit_holds_waits_for_a_worker() -> None:
    found = explain(RunLimiter(), run())
    assert found == WaitReason(WaitingFor.CONCURRENCY, "All workers are busy, and other runs go first.")


PAUSED, ONE, SLOW = QueueLimits(paused=True), QueueLimits(concurrency=1), QueueLimits(rate=1)


@pytest.mark.parametrize(
    ("queue_limits", "limits", "owner_rate", "what", "text"),
    [
        (PAUSED, {}, 0, WaitingFor.QUEUE_PAUSED, "The queue reports is paused."),
        (ONE, {}, 0, WaitingFor.QUEUE_LIMIT, "The queue reports has reached its concurrency limit."),
        (SLOW, {}, 0, WaitingFor.QUEUE_RATE, "The queue reports has reached its rate limit."),
        (
            None,
            {"host_concurrency": 1, "prefetch": 0},
            0,
            WaitingFor.HOST_LIMIT,
            f"{HOST} has reached its limit of concurrent attempts.",
        ),
        (None, {"host_rate": 1}, 0, WaitingFor.HOST_RATE, f"{HOST} has reached its rate limit."),
        (None, {}, 1, WaitingFor.OWNER_HOST_RATE, f"Your runs have reached the rate limit for {HOST}."),
        (
            None,
            {"concurrency": 2, "prefetch": 0},
            0,
            WaitingFor.OWNER_SHARE,
            "You have reached your share of concurrent attempts; the rest is reserved for other users.",
        ),
    ],
    ids=lambda value: value.value if isinstance(value, WaitingFor) else "",
)
def test_each_limit_has_its_sentence(
    queue_limits: QueueLimits | None, limits: dict[str, int], owner_rate: int, what: WaitingFor, text: str
) -> None:
    limiter = RunLimiter(ProcessLimits(**limits), HostRates(owner_rate))
    limiter.set_queue_limits({} if queue_limits is None else {"reports": queue_limits})
    limiter.try_acquire(run(1), NOW)
    assert explain(limiter, run(2)) == WaitReason(what, text)


def test_a_run_without_a_queue_is_in_the_default_one() -> None:
    limiter = RunLimiter()
    limiter.set_queue_limits({"default": PAUSED})
    found = explain(limiter, run(queue=None))
    assert found == WaitReason(WaitingFor.QUEUE_PAUSED, "The queue default is paused.")


async def test_an_open_circuit_says_why_and_until_when_and_a_probed_one_what_it_waits_for() -> None:
    limiter = RunLimiter()
    circuits = CircuitRegistry(UNUSED, InFlightRuns("w", 9, limiter), CircuitConfig(2, 60.0))
    refused = ended_attempt(error=ErrorKind.CONNECT)
    for number in (1, 2):
        circuits.record_outcome(run(number), refused)
    circuit = circuits.get("alice", HOST)
    assert circuit.retry_at is not None
    found = explain(limiter, run(3), circuits)
    failed = f"2 attempts in a row to call {HOST} failed, the last one with CONNECT. "
    until = f"{circuit.retry_at:%Y-%m-%dT%H:%M:%SZ}"
    assert found == WaitReason(
        WaitingFor.CIRCUIT_OPEN, f"{failed}No runs are sent there until {until}; then one run is sent as a probe."
    )
    probed = circuit.with_probe(circuit.retry_at)
    assert probed is not None
    circuits._circuits["alice", HOST] = probed
    found = explain(limiter, run(3), circuits)
    assert found == WaitReason(
        WaitingFor.CIRCUIT_OPEN, f"{failed}One run is being sent as a probe; the others wait for its outcome."
    )
