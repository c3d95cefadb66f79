"""What becomes of a run that expects a callback: it is settled, or retried, by the callback or by its absence. Pure."""

from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from tocsin.dispatch.retry_decision import RetryDecider, RunDecision
from tocsin.documents import (
    SETTLED_STATUSES,
    AttemptDocument,
    AttemptOutcome,
    CallbackDocument,
    CallbackStatus,
    ErrorKind,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
    Trigger,
)
from tocsin.documents.updates import has_value, move_run
from tocsin.execution.completion import ATTEMPT_OUTCOMES, unless_final
from tocsin.jobs.base import AttemptError, Outcome
from tocsin.json_values import dump_json
from tocsin.schedules.iso8601 import format_duration

_CANCELLED = AttemptError(ErrorKind.CANCELLED, "The run was cancelled while a callback was expected.")
_TIMEOUT_HINT = (
    "Expect it within a longer time, or make sure that the target can reach this server: its operator sets the address "
    "with TOCSIN_PUBLIC_URL."
)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The end of an attempt that expected a callback: `run` as stored, `attempt` as ended, and the decision."""

    run: RunDocument
    attempt: AttemptDocument
    decision: RunDecision

    def build_update(self) -> UpdateOne:
        """Return the update of the run, which applies while the run waits for this callback."""
        same_attempt = has_value("fence", self.run["fence"])
        computed = unless_final(self.decision, self.attempt["finished_at"])
        status = self.decision.status
        return move_run(
            self.run["_id"], [RunStatus.WAITING], status, self._changes(), computed=computed, where=same_attempt
        )

    def is_stored_in(self, document: RunDocument) -> bool:
        """Return whether a stored run contains this end of the attempt."""
        index = self.attempt["number"] - 1
        return any(stored == self.attempt for stored in document["attempts"][index : index + 1])

    def settled_run(self) -> RunDocument:
        """Return the run as this settlement leaves it."""
        status = self.decision.status
        return {**self.run, **self._changes(), "status": status, "open": status not in SETTLED_STATUSES}

    def _changes(self) -> RunChanges:
        decision, attempt = self.decision, self.attempt
        return {
            "attempts": [*self.run["attempts"][:-1], attempt],
            "reason": decision.reason,
            "retry_at": decision.retry_at,
            "finished_at": attempt["finished_at"] if decision.status in SETTLED_STATUSES else None,
            "error": attempt.get("error"),
            "result": self._result(),
            "callback_by": None,
            "callback": None,
        }

    def _result(self) -> object:
        """Return the result of the run: for later steps of a workflow, that of the response and the callback."""
        result, callback = self.run.get("result"), self.attempt.get("callback")
        if self.decision.status is not RunStatus.COMPLETED:
            return None
        return (
            result if callback is None or self.run["trigger"] != Trigger.WORKFLOW else _add_to_result(result, callback)
        )


def _add_to_result(result: object, callback: CallbackDocument) -> str:
    """Return a result, a JSON object as text, with the callback. It may be large, so it is not parsed."""
    said = dump_json({"status": CallbackStatus(callback["status"]).lower(), "message": callback["message"]})
    rest = result[1:] if isinstance(result, str) and result.startswith('{"') else "}"
    return f'{{"callback":{said}{"" if rest == "}" else ","}{rest}'


def find_callback(run: RunDocument) -> CallbackDocument | None:
    """Return the callback that the run's latest attempt has received, and not taken over yet."""
    callback, attempts = run.get("callback"), run["attempts"]
    return callback if callback and attempts and callback["attempt"] == attempts[-1]["number"] else None


def find_received(run: RunDocument, number: int) -> CallbackDocument | None:
    """Return the callback that an attempt of the run, by its number, has received."""
    callback = run.get("callback")
    if callback and callback["attempt"] == number:
        return callback
    attempts = run["attempts"][number - 1 : number]
    return attempts[0].get("callback") if attempts else None


def decide_settlement(run: RunDocument, now: datetime, decider: RetryDecider, chance: float) -> Settlement | None:
    """Return how a WAITING run is settled now; None if it goes on waiting. `chance` (0..1) is the backoff's jitter."""
    callback, latest = find_callback(run), run["attempts"][-1]
    deadline = run.get("callback_by") or now
    if callback is None and run.get("cancel_requested_at") is not None:
        error: AttemptError | None = _CANCELLED
        decision = RunDecision(RunStatus.CANCELLED, RunReason.CANCEL_REQUESTED)
    elif callback is None and now < deadline:
        return None
    else:
        error = _find_timeout(latest, deadline) if callback is None else _find_failure(callback)
        decision = decider.decide(run, Outcome(error=error), now, chance)
    attempt: AttemptDocument = {
        **latest,
        "finished_at": now,
        "outcome": ATTEMPT_OUTCOMES.get(decision.status, AttemptOutcome.FAILED),
        "error": None if error is None else {"kind": error.kind, "message": error.message, "hint": error.hint},
    }
    if callback is not None:
        attempt["callback"] = callback
    return Settlement(run, attempt, decision)


def _find_failure(callback: CallbackDocument) -> AttemptError | None:
    if callback["status"] == CallbackStatus.COMPLETED:
        return None
    said = f": {callback['message']}" if callback["message"] else ", without a message."
    return AttemptError(ErrorKind.CALLBACK_FAILED, f"The target called back with the status failed{said}")


def _find_timeout(attempt: AttemptDocument, deadline: datetime) -> AttemptError:
    within = format_duration(deadline - (attempt.get("accepted_at") or attempt["started_at"]))
    return AttemptError(
        ErrorKind.CALLBACK_TIMEOUT, f"The target did not call back within {within} after its response.", _TIMEOUT_HINT
    )
