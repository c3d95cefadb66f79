"""What an open run waits for, in a word and a sentence, as far as this process knows."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.documents import Doc, RunStatus, WaitingFor, shown_status
from tocsin.execution.circuit import State
from tocsin.execution.circuits import Circuits
from tocsin.execution.gate import Gate
from tocsin.tasks.lanes import DEFAULT_QUEUE

_SENTENCES = {
    WaitingFor.EARLIER_RUN: "It begins when the run before has ended.",
    WaitingFor.QUEUE_PAUSED: "The queue {queue} is paused.",
    WaitingFor.QUEUE_LIMIT: "The queue {queue} has as many runs under way as it may.",
    WaitingFor.QUEUE_RATE: "The queue {queue} begins no more attempts a minute.",
    WaitingFor.HOST_LIMIT: "As many attempts as may call {host} at once are doing so.",
    WaitingFor.HOST_RATE: "{host} is called no more often in a minute.",
    WaitingFor.OWNER_HOST_RATE: "Your runs call {host} no more often in a minute.",
    WaitingFor.OWNER_SHARE: "You have as many attempts under way as one user may; the others are kept free.",
    WaitingFor.CONCURRENCY: "All workers are busy, and others are before it.",
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for, and a sentence about it."""

    what: WaitingFor
    text: str


WAITS_FOR_COMPUTE = Waiting(
    WaitingFor.COMPUTE, "As many computations are under way as may be; its time begins when its own does."
)


def explain(run: Doc, gate: Gate, circuits: Circuits, now: datetime) -> Waiting | None:
    """What this run waits for; None if it waits for nothing."""
    if run["status"] == RunStatus.RETRY.value:
        return Waiting(WaitingFor.RETRY_AT, "The last attempt failed; the next one is made at nextAttemptAt.")
    if shown_status(run) is not RunStatus.QUEUED:
        return None
    what = WaitingFor.EARLIER_RUN if run.get("blocked") else gate.explain(run, now) or WaitingFor.CONCURRENCY
    if what is WaitingFor.CIRCUIT_OPEN:
        return Waiting(what, _of_circuit(run, circuits))
    return Waiting(what, _SENTENCES[what].format(queue=run.get("queue") or DEFAULT_QUEUE, host=run.get("host")))


def _of_circuit(run: Doc, circuits: Circuits) -> str:
    circuit, host = circuits.get(run["owner"], run["host"]), run["host"]
    failed = f"{circuit.failures} attempts in a row to call {host} failed, the last one with {circuit.cause}"
    if circuit.state is State.HALF_OPEN:
        return f"{failed}; one run is tried now, and the others wait for its outcome."
    at = circuit.retry_at and circuit.retry_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{failed}; nothing is sent there until {at}, then one run is tried first."
