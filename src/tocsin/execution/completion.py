"""Completions: the ended attempts of claimed runs, and the fenced updates that store them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import bson
from pymongo import UpdateOne

from tocsin.dispatch.retry_decision import RunDecision
from tocsin.documents import (
    SETTLED_SOON,
    SETTLED_STATUSES,
    AttemptDocument,
    AttemptOutcome,
    ErrorDocument,
    ErrorKind,
    RunChanges,
    RunDocument,
    RunReason,
    RunStatus,
)
from tocsin.documents.updates import Expression, has_value, is_null, move_run
from tocsin.jobs.base import Outcome
from tocsin.jobs.http.callbacks import expects_callback

_NOT_STORED: ErrorDocument = {
    "kind": ErrorKind.INTERNAL,
    "message": "The attempt was made, but its outcome could not be stored. See the server log for details.",
    "hint": None,
}
"""The error of an attempt whose outcome the database refuses."""

ATTEMPT_OUTCOMES = {RunStatus.COMPLETED: AttemptOutcome.COMPLETED, RunStatus.CANCELLED: AttemptOutcome.CANCELLED}
"""The outcome of an attempt by the status that its run is given. Every other attempt has failed."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The outcome of an attempt: `run` as claimed, `attempt` as ended, the decision, the result, the response body.

    `has_details` is false if the database refused the details, and `attempt` records only that. `stored_at` is the time
    by the clock of the database at which it is sent to be stored; without one, the end of the attempt stands for it.
    """

    run: RunDocument
    attempt: AttemptDocument
    decision: RunDecision
    result: object = None
    body: str | None = None
    has_details: bool = True
    stored_at: datetime | None = None

    @classmethod
    def of_attempt(
        cls, run: RunDocument, outcome: Outcome, decision: RunDecision, started_at: datetime, ended_at: datetime
    ) -> "Completion":
        """Return the completion of a run whose latest attempt had this outcome."""
        error, body = outcome.error, outcome.response_body
        attempt: AttemptDocument = {
            **run["attempts"][-1],
            "started_at": started_at,
            "finished_at": ended_at,
            "outcome": ATTEMPT_OUTCOMES.get(decision.status, AttemptOutcome.FAILED),
            "request": outcome.request,
            "status_code": outcome.status_code,
            "response_headers": [list(pair) for pair in outcome.response_headers],
            "response_truncated": outcome.response_truncated,
            "has_body": bool(body),
            "body_bytes": len(body.encode("utf-8", "replace")) if body else 0,
            "redirects": outcome.redirects,
            "timings": outcome.timings,
            "error": None if error is None else {"kind": error.kind, "message": error.message, "hint": error.hint},
        }
        if decision.status is RunStatus.WAITING:
            del attempt["finished_at"], attempt["outcome"]  # the callback ends it
            attempt["accepted_at"] = ended_at
        if decision.reason is RunReason.INCONCLUSIVE:
            attempt["is_inconclusive"] = True
        return cls(run, attempt, decision, outcome.result, body)

    @property
    def ended_at(self) -> datetime:
        """The end of the attempt, or of its request if a callback is to end it."""
        return self.attempt.get("accepted_at") or self.attempt["finished_at"]

    @property
    def is_final(self) -> bool:
        """True if the run is stored as settled if it is stored: no callback may have come before."""
        return self.decision.status in SETTLED_STATUSES and not expects_callback(self.run["job"])

    def completed_fields(self) -> RunChanges:
        """Return the changes of the run, except for its status."""
        decision, attempt = self.decision, self.attempt
        started_at = self.run.get("started_at")
        if started_at is None or started_at == self.run["attempts"][-1]["started_at"]:
            started_at = attempt["started_at"]  # this is the first attempt, which started at or after its claim
        fields: RunChanges = {
            "attempts": [*self.run["attempts"][:-1], attempt],
            "started_at": started_at,
            "reason": decision.reason,
            "retry_at": decision.retry_at,
            "finished_at": attempt["finished_at"] if decision.status in SETTLED_STATUSES else None,
            "error": attempt.get("error"),
            "result": self.result,
            "lost": 0,
            "worker": None,
        }
        if decision.status in SETTLED_STATUSES:
            fields["settled_late_at"] = self._settled_late_at()
        elif self.stored_at is not None and self.stored_at - self.ended_at > SETTLED_SOON:
            fields["settled_late_at"] = self.stored_at  # the times of the attempt say too little about it
        if not self.run.get("begun", True):
            fields["begun"] = True
        if decision.callback_by is not None:
            fields["callback_by"] = decision.callback_by
        return fields

    def _settled_late_at(self) -> datetime | None:
        stored_at = self.stored_at or self.attempt["finished_at"]
        return stored_at if stored_at - self.run["created_at"] > SETTLED_SOON else None

    def build_update(self) -> UpdateOne:
        """Return the fenced update of the run."""
        fence = has_value("fence", self.run["fence"])
        fields = self.completed_fields()
        late_at = fields.get("settled_late_at")
        computed = unless_final(self.decision, self.ended_at, late_at)
        if expects_callback(self.run["job"]):
            late = {"settled_late_at": late_at} | (computed or {})
            computed = _unless_called(self.decision, self.attempt["number"], self.ended_at, late)
        return move_run(
            self.run["_id"],
            [RunStatus.RUNNING],
            self.decision.status,
            fields,
            computed=computed,
            where=fence,
        )

    def is_stored_in(self, document: RunDocument) -> bool:
        """Return whether a stored run contains this outcome."""
        index = self.attempt["number"] - 1
        stored = document["attempts"][index : index + 1]
        names = ("accepted_at",) if "accepted_at" in self.attempt else ("finished_at", "outcome")
        return bool(stored) and all(stored[0].get(name) == self.attempt.get(name) for name in names)

    def without_details(self) -> "Completion":
        """Return a completion that fails the run and records only that the outcome could not be stored."""
        attempt: AttemptDocument = {
            "number": self.attempt["number"],
            "started_at": self.attempt["started_at"],
            "worker": self.attempt["worker"],
            "finished_at": self.attempt["finished_at"],
            "outcome": AttemptOutcome.FAILED,
            "error": _NOT_STORED,
        }
        decision = RunDecision(RunStatus.FAILED, RunReason.NOT_RETRIED)
        return Completion(self.run, attempt, decision, has_details=False, stored_at=self.stored_at)

    def stored_bytes(self) -> int:
        """Return the approximate number of bytes that the attempt adds to the stored data."""
        result = len(self.result) if isinstance(self.result, str) else 0
        return len(bson.encode(self.attempt)) + (self.attempt.get("body_bytes") or 0) + result

    def completed_run(self) -> RunDocument:
        """Return the run as this completion leaves it."""
        status = self.decision.status
        return {**self.run, **self.completed_fields(), "status": status, "open": status not in SETTLED_STATUSES}


def unless_final(
    decision: RunDecision, ended_at: datetime, late_at: datetime | None = None
) -> dict[str, Expression] | None:
    """Return the fields that end a run instead of retrying it if its owner paused or cancelled it meanwhile.

    `late_at` is the time at which the end of the attempt is stored, if that is long after it.
    """
    final = {"$not": [is_null("final")]}
    if decision.status is RunStatus.CANCELLED:
        return {"reason": {"$cond": [final, "$final.reason", RunReason.CANCEL_REQUESTED]}}
    if decision.status is not RunStatus.RETRY:
        return None
    return {
        "status": {"$cond": [final, "$final.status", RunStatus.RETRY]},
        "reason": {"$cond": [final, "$final.reason", decision.reason]},
        "open": {"$cond": [final, False, True]},
        "retry_at": {"$cond": [final, None, {"$literal": decision.retry_at}]},
        "finished_at": {"$cond": [final, {"$literal": ended_at}, None]},
        "settled_late_at": {"$cond": [final, {"$literal": late_at or ended_at}, {"$literal": late_at}]},
    }


def callback_received(number: int) -> Expression:
    """Return a condition: the target of this attempt has called back, and the attempt has not taken it over."""
    return {"$eq": ["$callback.attempt", number]}


def _unless_called(
    decision: RunDecision, number: int, ended_at: datetime, computed: Mapping[str, object]
) -> dict[str, Expression]:
    """Return the fields that let a callback that came before the outcome decide: the run is WAITING, and due at once.

    So is a run that was cancelled meanwhile, of which nothing is expected any more.
    """
    called = callback_received(number)
    if decision.status is RunStatus.WAITING:
        is_over = {"$or": [called, {"$not": [is_null("cancel_requested_at")]}]}
        return {"callback_by": {"$cond": [is_over, ended_at, decision.callback_by]}}
    is_settled = decision.status in SETTLED_STATUSES
    decided: dict[str, object] = {
        "status": decision.status,
        "reason": decision.reason,
        "open": not is_settled,
        "retry_at": decision.retry_at,
        "finished_at": ended_at if is_settled else None,
        **computed,
    }
    waiting = {"status": RunStatus.WAITING, "open": True, "callback_by": ended_at}
    names = {**decided, "callback_by": None}
    return {name: {"$cond": [called, waiting.get(name), decided.get(name)]} for name in names}
