"""Failures by the network: recorded before their runs, so that it is known later which to look at again.

Whether a target or our own network failed is known only once canaries were asked, seconds after the run has ended
(`maintenance.network_watch`). Nothing is recorded without canaries.
"""

from collections.abc import Sequence

from pymongo.errors import BulkWriteError

from tocsin.documents import (
    AttemptDocument,
    Database,
    ErrorKind,
    NetworkFailureDocument,
    NetworkFailureState,
    RunDocument,
    RunStatus,
    Trigger,
    is_inconclusive,
)
from tocsin.documents.inserts import existing_indexes
from tocsin.outbound.reachability import NETWORK_ERRORS


def can_blame_network(run: RunDocument, error: ErrorKind | None) -> bool:
    """Return whether the network may have caused this failure of a run's attempt at calling its host."""
    return error in NETWORK_ERRORS and run.get("host") is not None


def must_be_judged_at_once(run: RunDocument, error: ErrorKind | None) -> bool:
    """Return whether it must be known whose network has failed before the failure is stored.

    So it is with steps of workflows: their failure has consequences at once, which cannot be undone.
    """
    return run["trigger"] == Trigger.WORKFLOW and can_blame_network(run, error)


def failure_id(run: str, fence: int) -> str:
    """Return the ID of the failure of the attempt of a run with this fence."""
    return f"{run}#{fence}"


def find_network_failure(run: RunDocument, attempt: AttemptDocument) -> NetworkFailureDocument | None:
    """Return the failure to record of a run that this attempt has ended or sent to a retry, if the network may be why.

    An inconclusive retry needs no record: it goes on by itself. Steps of workflows are judged before they are stored.
    """
    error = attempt.get("error")
    is_retry = run["status"] == RunStatus.RETRY
    if (
        error is None
        or not (is_retry or run["status"] == RunStatus.FAILED)
        or not can_blame_network(run, error["kind"])
        or run["trigger"] == Trigger.WORKFLOW
    ):
        return None
    if is_retry and is_inconclusive(run):
        return None
    state = NetworkFailureState.INCONCLUSIVE if is_inconclusive(run) else NetworkFailureState.SUSPECTED
    return {
        "_id": failure_id(run["_id"], run["fence"]),
        "run": run["_id"],
        "owner": run["owner"],
        "worker": attempt["worker"],
        "fence": run["fence"],
        "at": attempt["finished_at"],
        "state": state,
    }


async def record_network_failures(database: Database, failures: Sequence[NetworkFailureDocument]) -> None:
    """Record failures that are not recorded yet."""
    if not failures:
        return
    try:
        await database.network_failures.insert_many(failures, ordered=False)
    except BulkWriteError as error:
        existing_indexes(error)  # recorded by an earlier try of this batch
