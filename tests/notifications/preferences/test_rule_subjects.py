"""Which task or workflow each kind of notification is about, and so whose rule applies to it."""

from itertools import chain

import pytest

from tests.notifications import outcome_samples as outcomes
from tests.notifications.channel_helpers import add_channel
from tests.notifications.helpers import START
from tests.notifications.incidents.samples import incident, several, workflow_subject
from tests.notifications.preferences.helpers import choose
from tests.notifications.samples import failed_run, failed_workflow_run, retried_run, retried_step_run
from tocsin.documents import Database, IncidentNews
from tocsin.notifications.attempt_events import make_attempt_events
from tocsin.notifications.channels.base import DeliverySuppressed
from tocsin.notifications.deliveries import notify
from tocsin.notifications.events import ACCOUNT_EVENTS, INCIDENT_ENDS, Event, EventKind
from tocsin.notifications.incident_stages import SubjectId, subject_of
from tocsin.notifications.incidents.reports import make_event
from tocsin.notifications.outcome_events import ReportReady
from tocsin.notifications.preferences.choices import find_subject
from tocsin.notifications.preferences.gate import admit_delivery
from tocsin.notifications.run_events import TaskFailure, WorkflowFailure

OF_A_STEP = outcomes.report_run(_id="u1/w1-1795338000000:render", task="u1/w1-1795338000000")
REPORT = {"file": {"name": "Sales.csv", "size": 34567}, "rows": 1234}
BY_ITSELF = incident(cause="WORKFLOW", cause_key="u1/1", subjects=[workflow_subject()])
TASK, WORKFLOW, ON_A_HOST = SubjectId("Task", "u1/t1"), SubjectId("Workflow", "u1/1"), "u1/Nightly backup"
EVENTS: list[tuple[Event, SubjectId]] = [
    (TaskFailure.from_run(retried_run()), TASK),
    (TaskFailure.from_run(failed_run()), TASK),
    *((event, TASK) for event in make_attempt_events(retried_run(round=0))),
    (outcomes.PAUSED, TASK),
    (outcomes.UNREADABLE, TASK),
    (outcomes.MISSED, TASK),
    (outcomes.REPORT, TASK),
    (ReportReady.from_run(OF_A_STEP, REPORT, "u1/1"), WORKFLOW),
    (outcomes.FINISHED, WORKFLOW),
    (outcomes.FAILED, WORKFLOW),
    (WorkflowFailure.from_step_run(failed_workflow_run(), retried_step_run()), WORKFLOW),
    (WorkflowFailure.from_run(failed_workflow_run(), 2, ["fetch"]), WORKFLOW),
    *((make_event(incident(reminders=1), news), SubjectId("Task", ON_A_HOST)) for news in IncidentNews),
    *((make_event(BY_ITSELF, news), WORKFLOW) for news in IncidentNews),
]
OF_NONE = ACCOUNT_EVENTS | {
    EventKind.APPROVAL,
    EventKind.QUOTA_MET,
    EventKind.CHANNEL_DISABLED,
    EventKind.REPLAY_FINISHED,
    EventKind.NETWORK_DOWN,
    EventKind.NETWORK_UP,
}
"""The kinds that are about no task or workflow, or not for its owner."""


@pytest.mark.parametrize(("event", "subject"), EVENTS, ids=lambda each: getattr(each, "kind", None))
def test_each_notification_is_of_its_task_or_workflow(event: Event, subject: SubjectId) -> None:
    assert event.about is not None
    assert subject_of(event.about) == subject
    assert find_subject(event.about, event.run) == subject.id


def test_no_kind_is_left_out() -> None:
    assert {event.kind for event, _ in EVENTS} == set(EventKind) - OF_NONE


def test_no_rule_applies_to_several_or_to_a_step_of_a_workflow_that_is_gone() -> None:
    of_none = chain((make_event(several(), news) for news in IncidentNews), [ReportReady.from_run(OF_A_STEP, REPORT)])
    assert [find_subject(event.about, event.run) for event in of_none] == [None] * 6


@pytest.mark.parametrize(("event", "subject"), EVENTS, ids=lambda each: getattr(each, "kind", None))
async def test_nothing_is_told_of_what_is_muted(database: Database, event: Event, subject: SubjectId) -> None:
    await add_channel(database, "https://hooks.example.org/x", events=[event.kind.value])
    await choose(database, mail_on=[event.kind.value])
    await choose(database, subject.id, muted=True)
    await notify(database, [event])
    for each in await database.deliveries.find({"status": "QUEUED"}).to_list():
        assert event.kind in INCIDENT_ENDS  # whether its opening was told is looked at before it is sent
        with pytest.raises(DeliverySuppressed, match="muted"):
            await admit_delivery(database, each, START)
    await choose(database, subject.id, muted=False)
    await database.deliveries.delete_many({})
    await notify(database, [event])
    assert await database.deliveries.count_documents({"status": "QUEUED"}) == 2
