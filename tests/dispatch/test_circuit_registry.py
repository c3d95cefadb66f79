"""Circuits of an owner and a host: opened and closed by outcomes, stored, and respected by the dispatcher."""

import socket
from datetime import timedelta
from typing import Any

from tests.dispatch.helpers import ended_attempt, queued, settled, waits_for
from tests.harness import TargetServer, run_stack, wait_until
from tocsin import clock
from tocsin.dispatch.backlog import READY_RUNS
from tocsin.dispatch.circuit_breaker import CircuitConfig, CircuitState
from tocsin.dispatch.circuit_registry import CircuitRegistry, list_circuits
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.documents import Database, ErrorKind, WaitingFor


async def test_a_circuit_opens_says_so_probes_with_one_and_closes(database: Database, target: TargetServer) -> None:
    target.script = [503] * 5
    async with run_stack(
        database, circuit_failures=3, circuit_seconds=1.0, max_concurrency=1, max_retries=9, retry_offsets="PT0S"
    ) as stack:
        runs = await queued(database, f"{target.url}/a", 6)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        assert len(target.calls) == 3
        shown = [stack.engine.find_wait_reason(await stack.run(run["_id"])) for run in runs]
        texts = [waiting.text for waiting in shown if waiting and waiting.waiting_for is WaitingFor.CIRCUIT_OPEN]
        assert "3 attempts in a row to call 127.0.0.1:" in texts[0]
        assert "the last one with HTTP 503. No runs are sent there until" in texts[0]
        stored = await database.circuits.find_one({})
        assert stored is not None
        assert (stored["state"], stored["failures"], stored["owner"]) == ("OPEN", 3, "alice")

        async def seen(count: int) -> bool:
            return len(target.calls) >= count

        await wait_until(lambda: seen(4))  # the first probe, which is refused too
        again = await database.circuits.find_one({})
        assert again is not None
        assert again["seconds"] in (1.0, 2.0)
        await wait_until(lambda: settled(database, 6), 30)
        assert await database.circuits.find_one({}) is None
        assert len(target.calls) == 6 + 5


async def test_a_host_that_refuses_connections_is_left_alone_and_its_runs_say_so(database: Database) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        async with run_stack(
            database, circuit_failures=4, circuit_seconds=60, max_concurrency=1, max_retries=0
        ) as stack:
            await queued(database, url, 20)
            stack.wakeups.runs_queued()
            assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
            await wait_until(lambda: settled(database, 4, "FAILED"))

            async def given_back() -> list[Any]:
                runs = await database.runs.find(READY_RUNS).to_list()
                return runs if len(runs) == 16 else []

            runs = await wait_until(given_back)
            assert await database.runs.count_documents({"status": "RUNNING"}) == 0
            waiting = stack.engine.find_wait_reason(runs[0])
            assert waiting is not None
            assert "4 attempts in a row" in waiting.text
            assert "the last one with CONNECT" in waiting.text


async def test_each_owner_has_a_circuit_of_its_own(database: Database, target: TargetServer) -> None:
    target.script = [429] * 3
    async with run_stack(database, circuit_failures=3, circuit_seconds=60.0, max_concurrency=1, max_retries=0) as stack:
        await queued(database, f"{target.url}/a", 4)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        await queued(database, f"{target.url}/b", 1, "bob")
        stack.wakeups.runs_queued()
        await wait_until(lambda: settled(database, 1))


async def test_a_restart_finds_the_circuit_where_it_was(database: Database, target: TargetServer) -> None:
    rules: dict[str, Any] = {"circuit_failures": 2, "circuit_seconds": 60.0, "max_concurrency": 1, "max_retries": 0}
    target.script = [503] * 2
    async with run_stack(database, **rules) as stack:
        await queued(database, f"{target.url}/a", 3)
        stack.wakeups.runs_queued()
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))

        async def stored() -> Any | None:
            return await database.circuits.find_one({"state": "OPEN"})

        before = await wait_until(stored)
    async with run_stack(database, **rules) as stack:
        assert await wait_until(lambda: waits_for(stack, WaitingFor.CIRCUIT_OPEN))
        assert await database.circuits.find_one({}) == before
        assert len(target.calls) == 2


# --- without a dispatcher -------------------------------------------------------------------------------------------

HOST = "a.example:80"
REFUSED = ended_attempt(error=ErrorKind.CONNECT)
ACCEPTED = ended_attempt(status_code=200)


def registry(database: Database, worker: str = "w") -> tuple[CircuitRegistry, InFlightRuns]:
    in_flight = InFlightRuns(worker, 100, RunLimiter())
    return CircuitRegistry(database, in_flight, CircuitConfig(2, 5.0)), in_flight


def waiting(number: int, **changes: Any) -> Any:
    return {"_id": f"r{number}", "owner": "alice", "host": HOST, "fence": 0, "rank": number, **changes}


async def test_of_two_processes_one_sends_the_probe(database: Database) -> None:
    (first, _), (second, other_runs) = registry(database), registry(database, "other")
    first.record_outcome(waiting(1), REFUSED)
    first.record_outcome(waiting(2), REFUSED)
    await first.save()
    await second.load()
    later = clock.now() + timedelta(seconds=6)
    for circuits in (first, second):
        assert circuits.offer_probe(waiting(3), later)
        assert not circuits.offer_probe(waiting(9), later)
    assert other_runs.limiter.try_acquire(waiting(9), later) is WaitingFor.CIRCUIT_OPEN
    assert other_runs.limiter.try_acquire(waiting(3), later) is None  # the first one is the probe
    assert await second.begin_probes([waiting(3)], later) == ["r3"]
    assert await first.begin_probes([waiting(3), waiting(9)], later) == ["r9"]
    assert first.get("alice", HOST).state is CircuitState.OPEN
    await first.load()
    assert first.get("alice", HOST).state is second.get("alice", HOST).state is CircuitState.HALF_OPEN


async def test_an_offer_that_is_taken_back_can_be_made_to_another_run(database: Database) -> None:
    circuits, in_flight = registry(database)
    for number in (1, 2):
        circuits.record_outcome(waiting(number), REFUSED)
    now, later = clock.now(), clock.now() + timedelta(seconds=6)
    assert not circuits.offer_probe(waiting(3), now)
    assert 4 < circuits.seconds_blocked(waiting(3), now) <= 5
    assert circuits.offer_probe(waiting(3), later)
    circuits.withdraw_offer(waiting(3))
    assert in_flight.limiter.try_acquire(waiting(3), later) is WaitingFor.CIRCUIT_OPEN
    assert circuits.offer_probe(waiting(9), later)
    assert in_flight.limiter.try_acquire(waiting(9), later) is None
    assert ("circuit", "alice", HOST) in in_flight.limiter.pop_events()


async def test_only_the_outcome_of_the_probe_closes_a_circuit_and_a_closed_one_is_not_stored(
    database: Database,
) -> None:
    circuits, _ = registry(database)
    for number in (1, 2):
        circuits.record_outcome(waiting(number), REFUSED)
    await circuits.save()
    later = clock.now() + timedelta(seconds=6)
    assert circuits.offer_probe(waiting(3), later)
    assert await circuits.begin_probes([waiting(3)], later) == ["r3"]
    circuits.record_outcome(waiting(4), ACCEPTED)  # which began before the circuit opened
    assert circuits.get("alice", HOST).state is CircuitState.HALF_OPEN
    circuits.record_outcome(waiting(3), ACCEPTED)
    assert circuits.get("alice", HOST).state is CircuitState.CLOSED
    await circuits.save()
    assert await database.circuits.count_documents({}) == 0


async def test_a_probe_that_gets_no_answer_opens_the_circuit_for_twice_as_long(database: Database) -> None:
    circuits, _ = registry(database)
    for number in (1, 2):
        circuits.record_outcome(waiting(number), REFUSED)
    await circuits.save()
    later = clock.now() + timedelta(seconds=6)
    assert circuits.offer_probe(waiting(3), later)
    await circuits.begin_probes([waiting(3)], later)
    circuits.record_outcome(waiting(3), ended_attempt(error=ErrorKind.TIMEOUT))
    circuit = circuits.get("alice", HOST)
    assert (circuit.state, circuit.open_seconds, circuit.cause) == (CircuitState.OPEN, 10.0, "TIMEOUT")


async def test_a_change_sends_a_signal_and_a_run_without_a_host_changes_nothing(database: Database) -> None:
    circuits, _ = registry(database)
    changes: list[str] = []
    circuits.changed.connect(lambda: changes.append("changed"))
    for number in range(5):
        circuits.record_outcome(waiting(number, host=None), REFUSED)
    circuits.record_outcome(waiting(1), REFUSED)
    assert changes == []
    circuits.record_outcome(waiting(2), REFUSED)
    assert changes == ["changed"]


async def test_a_process_that_is_alone_probes_again_at_its_start(database: Database) -> None:
    circuits, _ = registry(database)
    for number in (1, 2):
        circuits.record_outcome(waiting(number), REFUSED)
    await circuits.save()
    later = clock.now() + timedelta(seconds=6)
    assert circuits.offer_probe(waiting(3), later)
    await circuits.begin_probes([waiting(3)], later)
    other, _ = registry(database)
    await other.load()
    assert other.get("alice", HOST).with_probe(later) is None
    restarted, _ = registry(database)
    await restarted.load(alone=True)
    assert restarted.get("alice", HOST).with_probe(later) is not None


async def test_only_the_owners_circuits_are_listed_by_host(database: Database) -> None:
    circuits, _ = registry(database)
    for owner, host in (("alice", "b:80"), ("alice", "a:80"), ("bob", "c:80")):
        for number in (1, 2):
            circuits.record_outcome(waiting(number, owner=owner, host=host), REFUSED)
    await circuits.save()
    assert [each["host"] for each in await list_circuits(database, "alice")] == ["a:80", "b:80"]
