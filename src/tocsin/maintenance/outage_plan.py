"""Outages of the network: when one begins, whom it cuts off, and when it is over. Pure."""

from datetime import datetime, timedelta

from tocsin.documents import NetworkStateChanges, NetworkStateDocument, OutageObserverDocument

SILENCE = timedelta(seconds=60)
"""Time after which a process that says nothing more counts as dead, so that no outage waits for it."""
MAX_OBSERVERS = 200
RETRIER_LEASE = timedelta(seconds=10)


def plan_cut_off(
    state: NetworkStateDocument, worker: str, since: datetime, now: datetime, new_outage: str
) -> NetworkStateChanges:
    """Return the changes that say that this process is cut off: by a new outage, unless there is one.

    One goes on if its end is not about to be told.
    """
    observer: OutageObserverDocument = {"worker": worker, "since": since, "seen_at": now, "back_at": None}
    if not state["open"] and state["is_end_announced"]:
        return {
            "outage": new_outage,
            "open": True,
            "since": since,
            "over_at": None,
            "observers": [observer],
            "is_announced": False,
            "is_end_announced": False,
        }
    before = [each for each in state["observers"] if each["worker"] == worker]
    if before:
        observer["since"] = min(before[0]["since"], since)
    others = [each for each in state["observers"] if each["worker"] != worker]
    return {"open": True, "over_at": None, "observers": [*_without_oldest(others), observer]}


def plan_return(state: NetworkStateDocument, worker: str, now: datetime) -> NetworkStateChanges:
    """Return the changes that say that this process is no longer cut off; none if it did not say that it was."""
    return _with_back(state, {worker}, now)


def plan_silence(state: NetworkStateDocument, now: datetime, *, only: str | None = None) -> NetworkStateChanges:
    """Return the changes after which no outage waits for processes that have died.

    `only` is the one process that can be running, if it is known to be alone.
    """
    silent = {
        each["worker"]
        for each in state["observers"]
        if abs(now - each["seen_at"]) > SILENCE or only not in (None, each["worker"])
    }
    return _with_back(state, silent, now)


def can_end(state: NetworkStateDocument) -> bool:
    """Return whether the outage is over for all processes, and the administrators know that it began."""
    is_over = all(each["back_at"] is not None for each in state["observers"])
    return state["open"] and state["is_announced"] and is_over


def plan_end(state: NetworkStateDocument, now: datetime) -> NetworkStateChanges:
    """Return the changes that end the outage."""
    ends = [each["back_at"] for each in state["observers"] if each["back_at"] is not None]
    return {"open": False, "over_at": max(ends, default=now)}


def plan_end_notice(state: NetworkStateDocument, outage: str) -> NetworkStateChanges:
    """Return the changes that decide to tell the end of this outage; none if it goes on, or that is decided already."""
    since, over_at = state["since"], state["over_at"]
    is_over = state["outage"] == outage and not state["open"] and not state["is_end_announced"]
    if not is_over or since is None or over_at is None or state.get("untold_end") is not None:
        return {}
    return {"is_end_announced": True, "untold_end": {"outage": outage, "since": since, "over_at": over_at}}


def plan_retrier(state: NetworkStateDocument, worker: str, now: datetime) -> NetworkStateChanges:
    """Return the changes by which this process tries runs again; none if another one does."""
    until = state.get("retrier_until")
    is_taken = until is not None and now < until <= now + RETRIER_LEASE
    if is_taken and state.get("retrier") != worker:
        return {}
    return {"retrier": worker, "retrier_until": now + RETRIER_LEASE}


def _with_back(state: NetworkStateDocument, workers: set[str], now: datetime) -> NetworkStateChanges:
    returning = [each for each in state["observers"] if each["worker"] in workers and each["back_at"] is None]
    if not returning or not state["open"]:
        return {}
    back = [each | {"back_at": now} if each in returning else each for each in state["observers"]]
    return {"observers": back}


def _without_oldest(observers: list[OutageObserverDocument]) -> list[OutageObserverDocument]:
    """Return the observers, without those that have been back for longest if there are too many."""
    excess = len(observers) - MAX_OBSERVERS + 1
    if excess <= 0:
        return observers
    back = sorted((each for each in observers if each["back_at"] is not None), key=lambda each: each["seen_at"])
    dropped = [each["worker"] for each in back[:excess]]
    return [each for each in observers if each["worker"] not in dropped]
