"""The events of tasks that paused or missed runs, as their causes make them."""

from typing import Any

from tests.notifications.outcome_samples import missed_run
from tests.notifications.samples import DUE, ENDED, RUN
from tocsin.notifications.excerpts import ErrorExcerpt
from tocsin.notifications.pages import run_page_path
from tocsin.notifications.task_events import RunsMissed, TaskPaused

TASK: Any = {"_id": "u1/t1", "owner": "u1", "name": "a" * 200}
PAUSE: Any = {"run": RUN["_id"], "failures": 5, "at": ENDED, "is_told": False}


def test_a_pause_is_told_though_its_last_run_is_no_longer_stored() -> None:
    event = TaskPaused.from_task(TASK, PAUSE, None)
    assert (event.id, event.owner, event.at) == (f"{RUN['_id']}:paused", "u1", ENDED)
    assert (event.run, event.page) == (RUN["_id"], run_page_path(RUN["_id"]))
    assert (event.error, event.status_code) == (ErrorExcerpt("The reason is unknown.", ""), None)
    assert len(event.task_name) == 80


def test_missed_runs_are_one_event_of_their_incident() -> None:
    first, later = missed_run(missed_count=4), missed_run(_id="u1/t1:9", due_at=ENDED, reason="QUOTA")
    event = RunsMissed.from_runs([later, first])
    assert (event.id, event.run, event.due_at, event.reason) == ("u1/t1:3:missed", RUN["_id"], DUE, "MISFIRE")
    assert event.count == 5
    assert RunsMissed.from_runs([missed_run(incident=4)]).id == "u1/t1:4:missed"
