"""The reason why an open run waits, as a value and a sentence, as far as this process knows."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.dispatch.circuit_breaker import CircuitState
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.limiter import RunLimiter
from tocsin.documents import RunDocument, RunStatus, WaitingFor, public_status
from tocsin.tasks.ranking import DEFAULT_QUEUE

_SENTENCES = {
    WaitingFor.EARLIER_RUN: "It starts when the previous run has ended.",
    WaitingFor.QUEUE_PAUSED: "The queue {queue} is paused.",
    WaitingFor.QUEUE_LIMIT: "The queue {queue} has reached its concurrency limit.",
    WaitingFor.QUEUE_RATE: "The queue {queue} has reached its rate limit.",
    WaitingFor.HOST_LIMIT: "{host} has reached its limit of concurrent attempts.",
    WaitingFor.HOST_RATE: "{host} has reached its rate limit.",
    WaitingFor.OWNER_HOST_RATE: "Your runs have reached the rate limit for {host}.",
    WaitingFor.OWNER_SHARE: "You have reached your share of concurrent attempts; the rest is reserved for other users.",
    WaitingFor.CONCURRENCY: "All workers are busy, and other runs go first.",
}


@dataclass(frozen=True, slots=True)
class WaitReason:
    """The reason for a wait, and a sentence that explains it."""

    waiting_for: WaitingFor
    text: str


COMPUTE_WAIT = WaitReason(
    WaitingFor.COMPUTE, "The limit of concurrent computations is reached. The timeout starts with the computation."
)


def find_wait_reason(
    run: RunDocument, limiter: RunLimiter, circuits: CircuitRegistry, now: datetime
) -> WaitReason | None:
    """Return what this run waits for, or None."""
    if run["status"] == RunStatus.RETRY:
        return WaitReason(WaitingFor.RETRY_AT, "The last attempt failed. The next one is made at nextAttemptAt.")
    if run["status"] == RunStatus.WAITING:
        return WaitReason(WaitingFor.CALLBACK, "Its target accepted it, and is to call back by callbackExpectedBy.")
    if public_status(run) is not RunStatus.QUEUED:
        return None
    what = WaitingFor.EARLIER_RUN if run.get("blocked") else limiter.find_refusal(run, now) or WaitingFor.CONCURRENCY
    if what is WaitingFor.CIRCUIT_OPEN:
        return WaitReason(what, _explain_circuit(run, circuits))
    return WaitReason(what, _SENTENCES[what].format(queue=run.get("queue") or DEFAULT_QUEUE, host=run.get("host")))


def _explain_circuit(run: RunDocument, circuits: CircuitRegistry) -> str:
    host = run["host"] or ""
    circuit = circuits.get(run["owner"], host)
    failed = f"{circuit.failures} attempts in a row to call {host} failed, the last one with {circuit.cause}"
    if circuit.state is CircuitState.HALF_OPEN:
        return f"{failed}. One run is being sent as a probe; the others wait for its outcome."
    at = circuit.retry_at and circuit.retry_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{failed}. No runs are sent there until {at}; then one run is sent as a probe."
