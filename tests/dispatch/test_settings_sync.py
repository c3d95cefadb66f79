"""A process follows the stored settings of queues and the circuits."""

from datetime import timedelta
from typing import Any

from tocsin import clock
from tocsin.dispatch.circuit_breaker import CircuitConfig, CircuitState
from tocsin.dispatch.circuit_registry import CircuitRegistry
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.dispatch.limiter import RunLimiter
from tocsin.dispatch.limits import ProcessLimits
from tocsin.dispatch.partitions import ALL_PARTITIONS
from tocsin.dispatch.settings_sync import SettingsSync
from tocsin.documents import Database, WaitingFor
from tocsin.tasks import queues
from tocsin.wakeups import Wakeups


class Synced:
    """A settings sync of the worker "m", and the number of times that it woke the dispatcher."""

    def __init__(self, database: Database) -> None:
        self.limiter, self.woken = RunLimiter(ProcessLimits(host_concurrency=10, owner_share=1.0)), 0
        in_flight, wakeups = InFlightRuns("m", 100, self.limiter), Wakeups()
        self.circuits = CircuitRegistry(database, in_flight, CircuitConfig(3, 60.0))
        self.sync = SettingsSync(database, in_flight, self.circuits, wakeups, ALL_PARTITIONS).sync
        wakeups.runs_queued.connect(self._count)

    def _count(self) -> None:
        self.woken += 1

    def admitted(self, count: int) -> int:
        """Return how many of so many new runs of the queue `q` are admitted."""
        runs: list[Any] = [{"_id": str(number), "owner": "alice", "queue": "q", "fence": 0} for number in range(count)]
        return sum(self.limiter.try_acquire(run, clock.now()) is None for run in runs)


async def test_the_limits_of_a_queue_apply_and_a_change_wakes_the_dispatcher_once(database: Database) -> None:
    synced = Synced(database)
    await queues.update_queue(database, "q", {"concurrency": 3}, clock.now())
    await synced.sync()
    await synced.sync()
    assert (synced.admitted(9), synced.woken) == (3, 1)
    await queues.update_queue(database, "q", {"paused": True}, clock.now())
    await synced.sync()
    waiting: Any = {"_id": "x", "owner": "alice", "queue": "q", "fence": 0}
    assert synced.limiter.find_refusal(waiting, clock.now()) is WaitingFor.QUEUE_PAUSED
    assert synced.woken == 2


async def test_the_circuits_of_other_processes_are_loaded(database: Database) -> None:
    now = clock.now()
    await database.circuits.insert_one(
        {
            "_id": "alice a:80", "owner": "alice", "host": "a:80", "state": "OPEN", "failures": 3, "seconds": 60.0,
            "cause": "CONNECT", "opened_at": now, "retry_at": now + timedelta(seconds=60), "rev": 1,
        }
    )  # fmt: skip
    synced = Synced(database)
    await synced.sync()
    assert synced.circuits.get("alice", "a:80").state is CircuitState.OPEN
    await database.circuits.delete_many({})
    await synced.sync()
    assert synced.circuits.get("alice", "a:80").state is CircuitState.CLOSED
