"""Completions: the ended attempts of claimed runs, and the fenced updates that store them. Pure."""

from dataclasses import dataclass
from datetime import datetime

import bson
from pymongo import UpdateOne

from tocsin.dispatch.retry_decision import RunDecision
from tocsin.documents import AttemptOutcome, Doc, ErrorKind, RunDocument, RunReason, RunStatus
from tocsin.documents.states import SETTLED_STATUSES
from tocsin.documents.updates import Expression, has_value, is_null, move_run

NOT_STORED = {
    "kind": ErrorKind.INTERNAL.value,
    "message": "The attempt was made, but its outcome could not be stored. See the server log for details.",
    "hint": None,
}
"""The error of an attempt whose outcome the database refuses."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The outcome of an attempt: `run` as claimed, `attempt` as ended, the decision, the result, the response body."""

    run: RunDocument
    attempt: Doc
    decision: RunDecision
    result: object = None
    body: str | None = None

    def run_changes(self) -> Doc:
        """Return the changes of the run, except for its status."""
        decision, ended_at = self.decision, self.attempt["finished_at"]
        return {
            "attempts": [*self.run["attempts"][:-1], self.attempt],
            **({} if self.run.get("begun", True) else {"begun": True}),
            "started_at": self._started_at(),
            "reason": decision.reason and decision.reason.value,
            "retry_at": decision.retry_at,
            "finished_at": ended_at if decision.status in SETTLED_STATUSES else None,
            "error": self.attempt.get("error"),
            "result": self.result,
            "lost": 0,
            "worker": None,
        }

    def _started_at(self) -> datetime:
        """Return the start of the first attempt, which is this one if the run had not started before its claim."""
        started_at: datetime | None = self.run.get("started_at")
        is_first = started_at in (None, self.run["attempts"][-1]["started_at"])
        begun: datetime = self.attempt["started_at"]
        return begun if started_at is None or is_first else started_at

    def build_update(self) -> UpdateOne:
        """Return the fenced update of the run."""
        fence = has_value("fence", self.run["fence"])
        computed = _unless_final(self.decision, self.attempt["finished_at"])
        return move_run(
            self.run["_id"],
            [RunStatus.RUNNING],
            self.decision.status,
            self.run_changes(),
            computed=computed,
            where=fence,
        )

    def is_stored_in(self, document: Doc) -> bool:
        """Return whether a stored run contains this outcome."""
        index = self.attempt["number"] - 1
        stored = document["attempts"][index : index + 1]
        return bool(stored) and all(stored[0].get(name) == self.attempt[name] for name in ("finished_at", "outcome"))

    def without_details(self) -> "Completion":
        """Return a completion that fails the run and records only that the outcome could not be stored."""
        kept = {name: self.attempt[name] for name in ("number", "started_at", "worker", "finished_at")}
        attempt = kept | {"outcome": AttemptOutcome.FAILED.value, "error": NOT_STORED}
        return Completion(self.run, attempt, RunDecision(RunStatus.FAILED, RunReason.NOT_RETRIED))

    def stored_bytes(self) -> int:
        """Return the approximate number of bytes that the attempt adds to the stored data."""
        result = len(self.result) if isinstance(self.result, str) else 0
        return len(bson.encode(self.attempt)) + (self.attempt.get("body_bytes") or 0) + result

    def completed_run(self) -> Doc:
        """Return the run as this completion leaves it."""
        return (
            self.run
            | self.run_changes()
            | {"status": self.decision.status.value, "open": self.decision.status not in SETTLED_STATUSES}
        )


def _unless_final(decision: RunDecision, ended_at: datetime) -> dict[str, Expression] | None:
    """Return the fields that end a run instead of retrying it if its owner paused or cancelled it meanwhile."""
    final = {"$not": [is_null("final")]}
    if decision.status is RunStatus.CANCELLED:
        return {"reason": {"$cond": [final, "$final.reason", RunReason.CANCEL_REQUESTED.value]}}
    if decision.status is not RunStatus.RETRY:
        return None
    return {
        "status": {"$cond": [final, "$final.status", RunStatus.RETRY.value]},
        "reason": {"$cond": [final, "$final.reason", None]},
        "open": {"$cond": [final, False, True]},
        "retry_at": {"$cond": [final, None, {"$literal": decision.retry_at}]},
        "finished_at": {"$cond": [final, {"$literal": ended_at}, None]},
    }
