"""Requests of a stranger's workflows are told up to a limit, in all ways together, and then only listed."""

from datetime import timedelta
from typing import Any

import pytest

from tests.harness import run_stack, wait_until
from tests.notifications.samples import WORKFLOW_RUN
from tests.workflows.samples import workflow
from tocsin import clock
from tocsin.documents import Database, User
from tocsin.notifications.deliveries import notify
from tocsin.notifications.run_events import ApprovalRequested
from tocsin.outbound.mail_limits import MailLimit
from tocsin.workflows import approval_limits
from tocsin.workflows.approval_limits import select_told_requests

NOW = clock.now()
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _two_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval_limits, "REQUESTS_PER_DECIDER", MailLimit("approval requests", 2, DAY))


def requests(count: int, decider: str = "bob", first: int = 0) -> list[ApprovalRequested]:
    state: Any = {"status": "WAITING", "reminders": 0, "message": "", "started_at": NOW, "wake_at": None}
    numbers = range(first, first + count)
    return [ApprovalRequested.from_step(WORKFLOW_RUN, f"ask{number}", decider, state) for number in numbers]


async def steps_told(database: Database, asked: list[ApprovalRequested], at: Any = NOW, by: str = "alice") -> list[str]:
    told = await select_told_requests(database, by, asked, at)
    await notify(database, told)
    return [str(request.about and request.about.get("step")) for request in told]


async def test_requests_of_one_user_to_another_are_told_up_to_the_limit_of_a_day(database: Database) -> None:
    assert await steps_told(database, requests(4)) == ["ask0", "ask1"]
    assert await steps_told(database, requests(2, first=4)) == []
    assert await steps_told(database, requests(1, first=6), NOW + DAY) == ["ask6"]


async def test_each_pair_has_a_limit_of_its_own_and_nobody_is_limited_in_asking_themselves(database: Database) -> None:
    assert len(await steps_told(database, requests(3))) == 2
    assert len(await steps_told(database, requests(3, "carol"))) == 2
    assert len(await steps_told(database, requests(3, first=3), by="dave")) == 2
    assert len(await steps_told(database, requests(5, "alice"))) == 5


async def test_what_is_told_again_after_a_crash_is_not_counted_again(database: Database) -> None:
    for _ in range(3):
        assert await steps_told(database, requests(1)) == ["ask0"]
    assert await steps_told(database, requests(3)) == ["ask0", "ask1"]


async def test_a_request_that_is_not_told_waits_for_a_decision_all_the_same(database: Database) -> None:
    for name, accepted in (("alice", []), ("bob", ["alice@example.com"])):
        given: Any = {"email": f"{name}@example.com", "password": "", "created_at": NOW}
        await User(id=name, accepts_requests_from=accepted, **given).insert()
    steps = [{"key": f"ask{n}", "dependsOn": [], "approval": {"by": "bob@example.com"}} for n in range(5)]
    async with run_stack(database) as stack:
        await stack.save_workflow(workflow(*steps))
        run_id = await stack.execute("w")
        stack.workflows.request_advance(run_id)

        async def all_wait() -> bool:
            run: Any = await database.workflow_runs.find_one({"_id": run_id})
            return {step["status"] for step in run["steps"].values()} == {"WAITING"}

        await wait_until(all_wait)
    for collection in (database.notifications, database.deliveries):
        assert await collection.count_documents({"owner": "bob", "kind": "APPROVAL"}) == 2
