"""Claims of deliveries by several processes, and the order of those about one subject."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.notifications.channel_helpers import told
from tests.notifications.helpers import (
    BEGAN,
    FAILED,
    START,
    Clock,
    changed,
    incident_mail,
    mail,
    numbered,
    stored,
    subjects,
    transport_to,
    tried,
    until,
    working,
)
from tests.outbound.smtp import Inbox, mail_server, silent_server
from tocsin.documents import Database, User
from tocsin.notifications import delivery_claims
from tocsin.notifications.deliveries import enqueue_deliveries
from tocsin.notifications.delivery_claims import claim_deliveries, find_due_owners, renew_leases
from tocsin.notifications.delivery_order import MAX_WAITING, find_replaced, plan_deliveries
from tocsin.notifications.due_backlog import DueBacklog

LEASE = timedelta(seconds=60)


async def claim(database: Database, limit: int = 9, in_progress: tuple[Any, ...] = (), at: datetime = START) -> Any:
    """Claim deliveries of u1 for a minute."""
    mine = {each["_id"]: each for each in in_progress}
    return await claim_deliveries(database, "u1", at, LEASE, limit=limit, in_progress=mine)


def ids(deliveries: Any) -> set[str]:
    return {each["_id"] for each in deliveries}


async def test_owners_with_queued_and_due_deliveries_are_found(database: Database) -> None:
    await enqueue_deliveries(
        database, [*numbered(3), *numbered(1, "u2"), *numbered(1, "u3", status="DELIVERED")], START
    )
    await enqueue_deliveries(database, numbered(1, "u4"), START + timedelta(milliseconds=1))
    assert sorted(await find_due_owners(database, START)) == ["u1", "u2"]
    a_moment = timedelta(milliseconds=1)
    assert await find_due_owners(database, START + a_moment, START) == ["u4"]
    assert sorted(await find_due_owners(database, START + a_moment, START - a_moment)) == ["u1", "u2", "u4"]


async def test_what_was_read_ahead_is_claimed_as_it_is_now(database: Database) -> None:
    for number, each in enumerate(numbered(100)):
        await enqueue_deliveries(database, [each], START - timedelta(seconds=100 - number))
    backlog = DueBacklog()

    async def claim_next(limit: int = 4) -> list[str]:
        claimed = await claim_deliveries(database, "u1", START, LEASE, limit=limit, in_progress={}, backlog=backlog)
        return sorted(ids(claimed))

    assert await claim_next() == [f"u1/{number:05}" for number in range(4)]
    delivered = {"$set": {"status": "DELIVERED"}}
    await database.deliveries.update_many({"_id": {"$lt": "u1/00050"}}, delivered)
    await enqueue_deliveries(database, [mail("u1/older")], START - timedelta(days=1))
    assert await claim_next() == [f"u1/{number:05}" for number in range(50, 54)]
    for _ in range(11):
        assert len(await claim_next()) == 4
    assert await claim_next() == ["u1/00098", "u1/00099"]
    assert await claim_next() == ["u1/older"]
    assert await claim_next() == []


async def test_a_claim_takes_the_owners_oldest_deliveries_and_leases_them(database: Database) -> None:
    await enqueue_deliveries(database, numbered(1, "u2"), START)
    for number, each in enumerate(numbered(3)):
        await enqueue_deliveries(database, [each], START - timedelta(seconds=number))
    claimed = await claim(database, limit=2)
    assert ids(claimed) == {"u1/00001", "u1/00002"}
    assert {(each["lease_until"], each["next_try_at"]) for each in claimed} == {(START + LEASE, START + LEASE)}
    assert ids(await claim(database)) == {"u1/00000"}
    assert await claim(database) == []


async def test_a_lease_that_is_over_can_be_claimed_by_another(database: Database) -> None:
    await enqueue_deliveries(database, [mail()], START)
    (first,) = await claim(database)
    (second,) = await claim(database, at=START + LEASE)
    assert first["claim"] != second["claim"]


async def test_what_this_process_has_in_progress_is_not_claimed_again(database: Database) -> None:
    await enqueue_deliveries(database, [mail("u1/a"), mail("u1/b"), incident_mail(0, 1), incident_mail(0, 0)], START)
    began = incident_mail(0, 0)
    assert ids(await claim(database, in_progress=(mail("u1/a"), began))) == {"u1/b"}


async def test_a_claim_is_renewed_by_its_holder_only(database: Database) -> None:
    await enqueue_deliveries(database, [mail()], START)
    claimed = await claim(database)
    await renew_leases(database, claimed, START + 2 * LEASE)
    assert (await stored(database))["lease_until"] == START + 2 * LEASE
    await renew_leases(database, [changed(claimed[0], claim="other")], START + 3 * LEASE)
    assert (await stored(database))["lease_until"] == START + 2 * LEASE


@pytest.mark.parametrize(("end", "superseded"), [("DELIVERED", True), ("FAILED", False)])
async def test_a_beginning_is_superseded_by_an_end_that_was_delivered(
    database: Database, end: str, superseded: bool
) -> None:
    await enqueue_deliveries(database, [changed(incident_mail(0, 1), status=end), incident_mail(0, 0)], START)
    assert ids(await claim(database)) == (set() if superseded else {BEGAN})
    assert (await stored(database, BEGAN))["status"] == ("SUPERSEDED" if superseded else "QUEUED")


async def test_an_end_waits_for_a_beginning_that_another_process_sends(database: Database) -> None:
    await enqueue_deliveries(database, [incident_mail(0, 0)], START)
    await claim(database)
    await enqueue_deliveries(database, [incident_mail(0, 1)], START)
    assert await claim(database) == []
    assert START < (await stored(database, FAILED))["next_try_at"] < START + LEASE


async def test_two_channels_are_told_of_one_subject_at_the_same_time(database: Database) -> None:
    one, other = told(channel="u1/c1"), told(channel="u1/c2")
    await enqueue_deliveries(database, [one, other, incident_mail(0, 1, "u1/t0"), told(0, "u1/c1") | _LATER], START)
    assert ids(await claim(database, in_progress=(one,))) == {other["_id"], "u1/t0:0:failed"}


_LATER: Any = {"_id": "u1/t0:1:failed@u1/c1", "about": {"type": "Task", "id": "u1/t0", "incident": 1, "stage": 1}}


async def test_what_another_process_begins_delays_only_its_own_channel(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A beginning that was to be superseded is claimed by another process at that moment."""
    late: Any = {"tries": 1}
    about: Any = {"about": incident_mail(0, 0, "u1/t0")["about"]}
    began: Any = {**told(), **late, **about, "_id": "u1/t0:0:began@u1/c1"}
    await enqueue_deliveries(database, [began, told(), told(channel="u1/c2")], START)

    def plan_as_if_unleased(due: Any, pending: Any, delivered: Any, now: datetime) -> Any:
        return plan_deliveries(due, [changed(each, claim=None, lease_until=None) for each in pending], delivered, now)

    monkeypatch.setattr(delivery_claims, "plan_deliveries", plan_as_if_unleased)
    lease = {"claim": "x", "lease_until": START + LEASE, "next_try_at": START + LEASE}
    await database.deliveries.update_one({"_id": began["_id"]}, {"$set": lease})
    assert ids(await claim(database)) == {told(channel="u1/c2")["_id"]}


async def test_of_thousands_that_wait_the_newest_are_kept(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read and marked by the thousand, and what is about other subjects or for others stays."""
    reads: list[int] = []

    def count(pending: Any, now: datetime) -> list[str]:
        reads.append(len(pending))
        return find_replaced(pending, now)

    monkeypatch.setattr(delivery_claims, "find_replaced", count)
    many = [_told_of(incident) for incident in range(2_000)]
    others = [told(1), told(channel="u1/c2"), incident_mail(0, 1, "u1/t0")]
    await enqueue_deliveries(database, [*many, *others], START)
    await claim(database)
    newest = [each["_id"] for each in many[-MAX_WAITING:]]
    kept = {each["_id"] async for each in database.deliveries.find({"status": "QUEUED"})}
    assert kept == {*newest, *ids(others)}
    assert (await stored(database, newest[0]))["claim"] is not None
    replaced = await stored(database, many[0]["_id"])
    assert (replaced["status"], replaced["last_error"]) == ("SUPERSEDED", delivery_claims._REPLACED)
    assert max(reads) <= 1_000


def _told_of(incident: int) -> Any:
    mail = incident_mail(incident, 1, "u1/t0")
    return {**told(), "_id": f"{mail['_id']}@u1/c1", "about": mail["about"]}


async def test_two_processes_send_each_mail_once(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    causes = [f"u1/t{number}:0:began" for number in range(60)]

    async def all_done() -> bool:
        return await database.deliveries.count_documents({"status": "DELIVERED"}) == len(causes)

    async with (
        mail_server(inbox) as port,
        working(database, transport_to(port), clock=time) as first,
        working(database, transport_to(port), clock=time) as second,
    ):
        await enqueue_deliveries(database, [mail(cause) for cause in causes], START)
        first.wake()
        second.wake()
        await until(all_done)
    assert sorted(sent["Subject"] for sent in inbox.mails) == sorted(f"About {cause}" for cause in causes)


async def test_a_lease_is_renewed_while_the_server_is_slow(database: Database, alice: User) -> None:
    lease = timedelta(seconds=0.3)
    await enqueue_deliveries(database, [mail()])

    async def renewed() -> bool:
        return bool(first < (await stored(database))["lease_until"] - lease)

    async def leased() -> Any:
        return (await stored(database))["lease_until"]

    async with silent_server() as port, working(database, transport_to(port), lease=lease):
        first = await until(leased)
        await until(renewed)
    assert (await stored(database))["tries"] == 0


async def test_a_dead_process_leaves_its_mails_to_others_when_its_lease_ends(
    database: Database, alice: User, time: Clock
) -> None:
    inbox = Inbox()
    lease = timedelta(seconds=60)
    await enqueue_deliveries(database, [mail()], START)

    async def leased() -> Any:
        return (await stored(database))["lease_until"]

    async with silent_server() as port, working(database, transport_to(port), lease=lease, clock=time):
        assert await until(leased) == START + lease
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        await enqueue_deliveries(database, [mail("u1/t2:0:began")], START)
        worker.wake()
        await tried(database, 1, "u1/t2:0:began")
        assert (await stored(database))["tries"] == 0
        time.time = START + lease
        worker.wake()
        assert (await tried(database, 1))["status"] == "DELIVERED"
    assert len(inbox.mails) == 2


async def test_mails_of_one_incident_go_in_their_order(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    await enqueue_deliveries(database, [incident_mail(0, 1), incident_mail(0, 0), mail("u1/other")], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time):
        await tried(database, 1, FAILED)
    assert [subject for subject in subjects(inbox) if "other" not in subject] == [f"About {BEGAN}", f"About {FAILED}"]


async def test_the_next_incident_does_not_overtake_the_one_before(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox(data="451 4.7.1 Greylisted")
    await enqueue_deliveries(database, [incident_mail(0, 1)], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:
        waiting = await tried(database, 1, FAILED)
        inbox.data = "250 OK"
        await enqueue_deliveries(database, [incident_mail(1, 0)], START)
        worker.wake()

        async def postponed() -> bool:
            return bool((await stored(database, "u1/t1:1:began"))["next_try_at"] == waiting["next_try_at"])

        await until(postponed)
        time.time = waiting["next_try_at"]
        worker.wake()
        await tried(database, 1, "u1/t1:1:began")
    assert subjects(inbox) == [f"About {FAILED}", "About u1/t1:1:began"]


async def test_a_process_that_died_while_it_sent_the_beginning_leaves_one_mail(
    database: Database, alice: User, time: Clock
) -> None:
    """The second process waits for the lease of the first, and then sends one mail about both stages."""
    inbox, lease = Inbox(), timedelta(seconds=60)
    await enqueue_deliveries(database, [incident_mail(0, 0)], START)

    async def leased() -> Any:
        return (await stored(database, BEGAN))["lease_until"]

    async with silent_server() as port, working(database, transport_to(port), lease=lease, clock=time):
        await until(leased)
    await enqueue_deliveries(database, [incident_mail(0, 1)], START)
    async with mail_server(inbox) as port, working(database, transport_to(port), clock=time) as worker:

        async def postponed() -> bool:
            return bool((await stored(database, FAILED))["next_try_at"] > START)

        await until(postponed)
        assert inbox.mails == []
        time.time = START + lease
        worker.wake()
        await tried(database, 1, FAILED)
    assert subjects(inbox) == [f"About {FAILED}"]
    assert "This mail covers that too" in " ".join(inbox.mails[0].get_content().split())


async def test_two_processes_keep_the_order_too(database: Database, alice: User, time: Clock) -> None:
    inbox = Inbox()
    tasks = [f"u1/t{number}" for number in range(20)]

    async def all_done() -> bool:
        return await database.deliveries.count_documents({"status": "DELIVERED"}) == 2 * len(tasks)

    async with (
        mail_server(inbox) as port,
        working(database, transport_to(port), clock=time) as first,
        working(database, transport_to(port), clock=time) as second,
    ):
        await enqueue_deliveries(database, [incident_mail(0, stage, task) for stage in (1, 0) for task in tasks], START)
        while not await all_done():
            time.time += timedelta(milliseconds=100)
            first.wake()
            second.wake()
            await asyncio.sleep(0.01)
    order = subjects(inbox)
    assert len(order) == 2 * len(tasks)
    for task in tasks:
        assert order.index(f"About {task}:0:began") < order.index(f"About {task}:0:failed")
