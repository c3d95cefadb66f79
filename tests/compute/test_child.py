"""The processes that compute: their environment, and what they send back."""

import os
import pickle
import socket
from collections.abc import AsyncIterator

import pytest

from tests.compute import computations as work
from tocsin.compute import child
from tocsin.compute.pool import ProcessPool


@pytest.fixture
async def processes() -> AsyncIterator[ProcessPool]:
    """Return a pool of one process, not started yet."""
    made = ProcessPool(1, modules=())
    yield made
    await made.close()


async def test_large_arguments_arrive_whole(processes: ProcessPool) -> None:
    values = [[number] for number in range(100_000)]
    assert await processes(work.count, values) == 100_000
    assert await processes(work.repeat, "x" * 100_000, 50) == "x" * 5_000_000


async def test_an_error_that_cannot_be_pickled_is_raised_as_its_text(processes: ProcessPool) -> None:
    with pytest.raises(RuntimeError, match="Unsendable"):
        await processes(work.raise_unsendable)


async def test_a_process_has_nothing_of_the_servers_environment(
    processes: ProcessPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_JWT_SECRET", "s" * 40)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "t" * 40)
    found = await processes(work.read_environment)
    assert not {name for name in found if name.startswith(("TOCSIN", "AWS"))}
    assert not {"s" * 40, "t" * 40} & set(found.values())
    assert found["OMP_NUM_THREADS"] == "1"


async def test_computations_give_way_to_the_server(processes: ProcessPool) -> None:
    assert await processes(work.get_niceness) >= min(os.nice(0) + 10, 19)


def execute(work: object, largest: int = 1000) -> tuple[bytes, bytes]:
    """Execute pickled work in this process."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sent = pickle.dumps(work)
        ours.sendall(sent)
        return child._execute_call(theirs, len(sent), largest)


def fail_like_a_library() -> None:
    raise RuntimeError("std::bad_alloc")


def test_a_result_is_sent_unless_it_is_too_large() -> None:
    kind, payload = execute((work.repeat, ("x", 100)))
    assert (kind, pickle.loads(payload)) == (child.RETURNED, "x" * 100)  # pickled above
    assert execute((work.repeat, ("x", 100)), largest=100) == (child.TOO_LARGE, b"")


def test_running_out_of_memory_differs_from_other_errors() -> None:
    assert execute((fail_like_a_library, ())) == (child.OUT_OF_MEMORY, b"")
    kind, payload = execute((int, ("x",)))
    assert kind == child.RAISED
    assert isinstance(pickle.loads(payload), ValueError)  # pickled above


def test_an_error_that_cannot_be_pickled_is_sent_as_its_text() -> None:
    kind, payload = execute((work.raise_unsendable, ()))
    error = pickle.loads(payload)  # pickled above
    assert (kind, type(error), str(error)) == (child.RAISED, RuntimeError, "Unsendable('no way')")


def test_work_that_cannot_be_read_is_an_error_of_the_call() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"junk")
        kind, payload = child._execute_call(theirs, 4, 1000)
    assert kind == child.RAISED
    assert isinstance(pickle.loads(payload), pickle.UnpicklingError)  # pickled above
