"""A thousand tasks call a host that is down: over real sockets, with the real engine and a real mail server."""

import socket
from datetime import timedelta
from typing import Any

from tests.harness import run_stack, save_task, wait_until
from tests.notifications.helpers import subjects, transport_to, working
from tests.outbound.smtp import Inbox, mail_server
from tocsin import clock, schedules
from tocsin.documents import Database, User
from tocsin.notifications.incidents.keeper import IncidentKeeper
from tocsin.tasks.retry_policy import RetryPolicy

TASKS = 1_000
DAY = timedelta(days=1)


def closed_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def add_copies(database: Database, url: str) -> None:
    """Save tasks that are due now and daily, and call this URL once."""
    daily = schedules.Every(DAY, clock.now() + DAY)
    task = await save_task(database, url, daily, retry=RetryPolicy(0, ()))
    stored: Any = await database.tasks.find_one({"_id": task.id})
    await database.tasks.delete_one({"_id": task.id})
    due: Any = [
        {
            **stored,
            "_id": f"{task.id}{number:03}",
            "name": f"ping {number:03}",
            "next_run_at": clock.now(),
        }
        for number in range(TASKS)
    ]
    await database.tasks.insert_many(due)


async def test_a_thousand_failing_tasks_on_a_dead_host_make_one_mail(database: Database) -> None:
    await User(
        id="alice", email="alice@example.org", password="-", email_confirmed=True, created_at=clock.now()
    ).insert()
    host, inbox = f"127.0.0.1:{closed_port()}", Inbox()
    later = IncidentKeeper(database, timedelta(0), now=lambda: clock.now() + timedelta(minutes=6))

    async def all_failed() -> bool:
        return await database.alerts.count_documents({"pending": False, "stage": 1}) == TASKS

    async with run_stack(database, incident_group_seconds=300, circuit_failures=0, max_concurrency=100) as stack:
        await add_copies(database, f"http://{host}/ping")
        stack.wakeups.task_due(clock.now())
        await wait_until(all_failed, 60)
        assert await database.notifications.count_documents({}) == 0
        async with mail_server(inbox) as port, working(database, transport_to(port)) as worker:
            await later.keep_due()

            async def mailed() -> bool:
                return await database.deliveries.count_documents({"status": "DELIVERED"}) > 0

            await wait_until(mailed)
            await later.keep_due()
            await stack.incident_keeper.keep_due()
            await worker.send_due()
    assert subjects(inbox) == [f"1,000 tasks that call {host} have failed"]
    text = inbox.mails[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "ping 000" in text
    assert "ping 009" in text
    assert "ping 010" not in text
    assert "990" in text
