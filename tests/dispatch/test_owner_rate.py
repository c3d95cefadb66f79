"""Runs of an owner beyond the rate limit of a host wait and say so; other owners and hosts are not affected."""

from datetime import timedelta

from tests.dispatch.test_limiter import NOW, claimed, run
from tests.harness import TargetServer, run_stack, save_task, serve_target, wait_until
from tocsin import clock
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits
from tocsin.documents import Database, WaitingFor
from tocsin.outbound.host_rates import HostRates


def test_the_limiter_admits_a_minutes_worth_and_returns_the_wait() -> None:
    limiter = RunLimiter(ProcessLimits(host_concurrency=100), HostRates(10))
    given = [limiter.try_acquire(run(number, host="a:80"), NOW) for number in range(12)]
    assert given == [None] * 10 + [WaitingFor.OWNER_HOST_RATE] * 2
    assert limiter.find_refusal(run(12, host="a:80"), NOW) is WaitingFor.OWNER_HOST_RATE
    assert 100 <= limiter.pop_wait_ms() <= 6_000
    assert limiter.try_acquire(run(1, host="a:80", owner="bob"), NOW) is None
    assert limiter.try_acquire(run(13, host="b:80"), NOW) is None
    limiter.release(claimed(run(0, host="a:80")))  # the end of a run changes nothing
    assert limiter.try_acquire(run(10, host="a:80"), NOW) is WaitingFor.OWNER_HOST_RATE
    assert limiter.try_acquire(run(10, host="a:80"), NOW + timedelta(seconds=6)) is None


def test_workers_share_the_rate() -> None:
    limiter = RunLimiter(ProcessLimits(host_concurrency=100), HostRates(10))
    limiter.set_process_count(2)
    given = [limiter.try_acquire(run(number, host="a:80"), NOW) for number in range(6)]
    assert given == [None] * 5 + [WaitingFor.OWNER_HOST_RATE]


async def test_too_many_runs_to_one_host_wait_and_no_others(database: Database, target: TargetServer) -> None:
    async with serve_target() as other, run_stack(database, owner_host_rate=5) as stack:
        tasks = [await save_task(database, target.url, owner="mallory") for _ in range(9)]
        stack.scheduler.expect_due(tasks[0].next_run_at)

        async def called() -> bool:
            return len(target.calls) >= 5 and await database.runs.count_documents({"status": "QUEUED"}) == 4

        await wait_until(called)
        for owner, url in (("alice", target.url), ("mallory", other.url)):
            task = await save_task(database, url, owner=owner)
            stack.scheduler.expect_due(task.next_run_at)
            await stack.wait_for_runs(task.id, "COMPLETED")
        waiting = await database.runs.find({"status": "QUEUED"}).to_list()
        explained = [stack.engine.find_wait_reason(each) for each in waiting]
    assert len(target.calls) == 6
    assert {each and each.waiting_for for each in explained} == {WaitingFor.OWNER_HOST_RATE}
    assert {each and each.text for each in explained} == {
        f"Your runs have reached the rate limit for {target.url.removeprefix('http://')}."
    }


async def test_a_waiting_run_starts_when_the_rate_allows_it_and_retries_count(
    database: Database, target: TargetServer
) -> None:
    target.script = [500] * 2
    async with run_stack(database, owner_host_rate=60) as stack:
        rates = stack.engine.limiter._rates._owner_rates
        for _ in range(58):
            rates.record_call("alice", target.url.removeprefix("http://"), clock.epoch_milliseconds(clock.now()))
        task = await save_task(database, target.url)  # with two immediate retries
        stack.scheduler.expect_due(task.next_run_at)
        (ended,) = await stack.wait_for_runs(task.id, "COMPLETED")
    first, _, third = ended["attempts"]
    assert third["started_at"] - first["started_at"] > timedelta(milliseconds=500)
