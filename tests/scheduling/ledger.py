"""Check of the ledger: each due time has a run, or is covered and counted by exactly one MISSED run."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tocsin import schedules
from tocsin.schedules import Schedule


def dues_between(schedule: Schedule, first: datetime, until: datetime) -> list[datetime]:
    """Return `first` and the due times after it and before `until`."""
    found, due = [], first
    while due is not None and due < until:
        found.append(due)
        due = schedules.next_due(schedule, due)  # type: ignore[assignment]
    return found


def faults(schedule: Schedule, first: datetime, until: datetime, runs: Iterable[Any]) -> list[str]:
    """Return what is wrong with the record of the due times from `first` to before `until`."""
    wrong: list[str] = []
    times: Counter[datetime] = Counter()
    dues = dues_between(schedule, first, until)
    for run in runs:
        last = run.get("missed_until") or run["due_at"]
        inside = [due for due in dues if run["due_at"] <= due <= last]
        times.update(inside)
        if inside and run.get("missed_count") not in (None, len(inside)):
            wrong.append(f"{run['_id']} counts {run['missed_count']} of {len(inside)}")
    lost = [due.isoformat() for due in dues if not times[due]]
    double = [due.isoformat() for due in dues if times[due] > 1]
    return wrong + ([f"lost: {lost}"] if lost else []) + ([f"double: {double}"] if double else [])
