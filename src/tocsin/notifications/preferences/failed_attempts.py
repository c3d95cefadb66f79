"""Tells of each failed attempt those who want to know: of their runs that failed, once."""

from collections.abc import Collection, Sequence

from tocsin.documents import Database, RunDocument
from tocsin.notifications.attempt_events import attempt_event_id, list_failed_attempts, make_attempt_events
from tocsin.notifications.deliveries import notify
from tocsin.notifications.preferences.choices import FailureDetail
from tocsin.notifications.preferences.store import find_choices, find_owners_of_attempts


async def notify_failed_attempts(database: Database, runs: Collection[RunDocument]) -> None:
    """Notify of the failed attempts of these runs of which nobody was told, where that is wanted.

    Reads nothing for runs without failed attempts. For others, one query by ID tells whose owners may want this.
    All attempts of a run are looked at: a process may have died before it told of an earlier one.
    """
    failed = [run for run in runs if list_failed_attempts(run)]
    if not failed:
        return
    owners = await find_owners_of_attempts(database, {run["owner"] for run in failed})
    asked = [run for run in failed if run["owner"] in owners]
    choices = await find_choices(database, [(run["owner"], run["task"]) for run in asked])
    wanted = [run for run in asked if choices.about(run["owner"], run["task"]).failures is FailureDetail.EVERY_ATTEMPT]
    told = await _find_told(database, wanted)
    await notify(database, [each for run in wanted for each in make_attempt_events(run) if each.id not in told])


async def _find_told(database: Database, runs: Sequence[RunDocument]) -> set[str]:
    """Return the IDs of the events of these runs' attempts that have a mail, which is queued last."""
    ids = [attempt_event_id(run["_id"], each["number"]) for run in runs for each in list_failed_attempts(run)]
    if not ids:
        return set()
    return {row["_id"] async for row in database.deliveries.find({"_id": {"$in": ids}}, {"_id": 1})}
