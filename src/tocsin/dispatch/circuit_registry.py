"""The circuits of this installation, updated by outcomes and stored, so that all processes respect them."""

from datetime import datetime

from pymongo.errors import DuplicateKeyError

from tocsin import clock, telemetry
from tocsin.dispatch.circuit_breaker import CircuitBreaker, CircuitConfig, CircuitState, find_failure_cause
from tocsin.dispatch.claims import release_runs
from tocsin.dispatch.in_flight import InFlightRuns
from tocsin.documents import AttemptDocument, CircuitDocument, Database, RunDocument
from tocsin.wakeups import Signal

CircuitKey = tuple[str, str]
SAVE_SECONDS = 1.0
"""Interval at which a failed save is repeated. Changes are saved at once."""
_MAX_TRACKED = 10_000
log = telemetry.get_logger(__name__)


class CircuitRegistry:
    """The circuits by owner and host. Outcomes take effect at once; `save` stores all but closed circuits."""

    def __init__(self, database: Database, in_flight: InFlightRuns, config: CircuitConfig) -> None:
        self._database = database
        self._in_flight = in_flight
        self._config = config
        self._circuits: dict[CircuitKey, CircuitBreaker] = {}
        self._revs: dict[CircuitKey, int] = {}
        self._probes: dict[CircuitKey, str] = {}
        self._offered: dict[CircuitKey, str] = {}
        self._changed: set[CircuitKey] = set()
        self._max_tracked = _MAX_TRACKED
        self._withdrawn: list[RunDocument] = []
        self.changed: Signal[[]] = Signal()

    def get(self, owner: str, host: str) -> CircuitBreaker:
        """Return the circuit of this owner and host."""
        return self._circuits.get((owner, host), CircuitBreaker())

    def record_outcome(self, run: RunDocument, attempt: AttemptDocument, *, is_inconclusive: bool = False) -> None:
        """Update the circuit of a run's host with an ended attempt, which says nothing of it if `is_inconclusive`."""
        host = run.get("host")
        if host is None:
            return
        key = run["owner"], host
        error, status = attempt.get("error"), attempt.get("status_code")
        cause = find_failure_cause(error["kind"] if error else None, status)
        if cause is None and key not in self._circuits:
            return  # most hosts have never failed
        before = self.get(*key)
        if before.state is CircuitState.HALF_OPEN and self._probes.get(key) != run["_id"]:
            return
        if before.state is CircuitState.HALF_OPEN and cause is None and status is None:
            cause = error["kind"] if error else "no answer"
        if is_inconclusive:
            after = before.after_inconclusive(clock.now())
        else:
            after = before.after_success() if cause is None else before.after_failure(clock.now(), self._config, cause)
        if after != before:
            self._set(key, before, after)

    def _set(self, key: CircuitKey, before: CircuitBreaker, after: CircuitBreaker) -> None:
        self._put(key, after)
        if after.state is before.state is CircuitState.CLOSED:
            if len(self._circuits) > self._max_tracked:
                self._circuits = self._stored()  # drop the failure counts of closed circuits
                self._max_tracked = max(_MAX_TRACKED, 2 * len(self._circuits))  # so that not every call does
            return
        self._probes.pop(key, None)
        log.info("a circuit changed", host=key[1], state=after.state, cause=after.cause)
        if after.state is CircuitState.OPEN:  # now, before a worker takes them
            self._withdrawn += self._in_flight.withdraw_waiting(key)
        self._changed.add(key)
        self.changed()

    def _put(self, key: CircuitKey, circuit: CircuitBreaker) -> None:
        """Set the state of a circuit, and block its runs unless it is closed."""
        if circuit == CircuitBreaker():
            self._circuits.pop(key, None)
        else:
            self._circuits[key] = circuit
        if circuit.state is CircuitState.CLOSED:
            self._in_flight.limiter.unblock_circuit(*key)
        else:
            self._in_flight.limiter.block_circuit(*key, None)

    # --- probes -----------------------------------------------------------------------------------------------------

    def offer_probe(self, run: RunDocument, now: datetime) -> bool:
        """Let a waiting run through as the probe of its circuit, if that may be probed and no other run is offered."""
        key = (run["owner"], run.get("host") or "")
        circuit = self._circuits.get(key)
        if circuit is None or key in self._offered or circuit.with_probe(now) is None:
            return False
        self._offered[key] = run["_id"]
        self._in_flight.limiter.block_circuit(*key, run["_id"])
        return True

    def withdraw_offer(self, run: RunDocument) -> None:
        """Take back the offer to a run that is not the probe after all."""
        key = (run["owner"], run.get("host") or "")
        if self._offered.pop(key, None) is not None:
            self._put(key, self.get(*key))

    def seconds_blocked(self, run: RunDocument, now: datetime) -> float:
        """Return the seconds until the circuit of a run may be probed, at least one."""
        retry_at = self.get(run["owner"], run.get("host") or "").retry_at
        return 1.0 if retry_at is None else max((retry_at - now).total_seconds(), 1.0)

    async def begin_probes(self, runs: list[RunDocument], now: datetime) -> list[str]:
        """Return the ids of the runs that may be claimed: only one process sends the probe of a circuit."""
        going = []
        try:
            for run in runs:
                key = (run["owner"], run.get("host") or "")
                if self._offered.get(key) != run["_id"] or await self._begin_probe(key, run["_id"], now):
                    going.append(run["_id"])
        finally:
            for run in runs:
                self.withdraw_offer(run)
        return going

    async def _begin_probe(self, key: CircuitKey, run_id: str, now: datetime) -> bool:
        probed = self.get(*key).with_probe(now)
        if probed is None:
            return False
        rev = self._revs.get(key, 0)
        change = {"state": CircuitState.HALF_OPEN, "retry_at": probed.retry_at, "rev": rev + 1}
        result = await self._database.circuits.update_one({"_id": _circuit_id(key), "rev": rev}, {"$set": change})
        if result.modified_count:
            self._revs[key], self._probes[key] = rev + 1, run_id
            self._put(key, probed)
        return bool(result.modified_count)

    # --- with the database -----------------------------------------------------------------------------------------

    async def load(self, *, alone: bool = False) -> None:
        """Load the circuits as stored. `alone`: no other process is running, so no probe is in progress."""
        if alone:
            half = {"state": CircuitState.HALF_OPEN}
            await self._database.circuits.update_many(half, {"$set": {"retry_at": clock.now()}})
        found = {(each["owner"], each["host"]): each async for each in self._database.circuits.find({})}
        for key in list(self._stored()):
            if key not in found and key not in self._changed:
                self._put(key, CircuitBreaker())
        for key, each in found.items():
            if key not in self._changed and each["rev"] != self._revs.get(key, -1):
                self._revs[key] = each["rev"]
                self._put(key, _circuit(each))

    async def save(self) -> None:
        """Store the changed circuits, and release the runs that were claimed for hosts whose circuit opened."""
        await self._release_withdrawn()
        for key in list(self._changed):
            circuit = self.get(*key)
            await self._write(key, circuit)
            if self.get(*key) == circuit:
                self._changed.discard(key)

    async def _release_withdrawn(self) -> None:
        withdrawn = list(self._withdrawn)
        if withdrawn:
            await release_runs(self._database, withdrawn)
            self._withdrawn = self._withdrawn[len(withdrawn) :]
            self._in_flight.remove(withdrawn)

    async def _write(self, key: CircuitKey, circuit: CircuitBreaker) -> None:
        rev = self._revs.get(key, 0)
        if circuit.state is CircuitState.CLOSED:
            await self._database.circuits.delete_one({"_id": _circuit_id(key), "rev": rev})
            self._revs.pop(key, None)
            return
        document = _document(key, circuit, rev + 1)
        result = await self._database.circuits.replace_one({"_id": _circuit_id(key), "rev": rev}, document)
        if not result.matched_count:
            try:
                await self._database.circuits.insert_one(document)
            except DuplicateKeyError:
                return  # another process was first; its state is loaded soon
        self._revs[key] = rev + 1

    def _stored(self) -> dict[CircuitKey, CircuitBreaker]:
        return {key: circuit for key, circuit in self._circuits.items() if circuit.state is not CircuitState.CLOSED}


async def list_circuits(database: Database, owner: str) -> list[CircuitDocument]:
    """Return the owner's circuits that are not closed, by host."""
    return sorted(await database.circuits.find({"owner": owner}).to_list(), key=lambda circuit: circuit["host"])


def _circuit_id(key: CircuitKey) -> str:
    return " ".join(key)


def _circuit(document: CircuitDocument) -> CircuitBreaker:
    return CircuitBreaker(
        CircuitState(document["state"]),
        document["failures"],
        document["seconds"],
        document["retry_at"],
        document["cause"],
    )


def _document(key: CircuitKey, circuit: CircuitBreaker, rev: int) -> CircuitDocument:
    now = clock.now()
    return {
        "_id": _circuit_id(key), "owner": key[0], "host": key[1], "state": circuit.state,
        "failures": circuit.failures, "seconds": circuit.open_seconds, "cause": circuit.cause,
        "retry_at": circuit.retry_at or now, "opened_at": now, "rev": rev,  # only a closed circuit has no retry_at
    }  # fmt: skip
