"""Operations that wait: their slot and their timeout."""

import asyncio

import pytest

from tocsin.graphql.limits.waiting import OPERATION, OperationInProgress, wait_without_slot

LONG, LONGER = 1_000.0, 100_000.0


async def retake_none() -> None: ...


async def test_the_slot_is_free_and_the_timeout_begins_after_the_wait() -> None:
    released: list[bool] = []
    retaken: list[bool] = []

    async def retake() -> None:
        retaken.append(True)

    now = asyncio.get_running_loop().time
    async with asyncio.timeout(LONG) as timeout:
        OPERATION.set(OperationInProgress(timeout, LONG, lambda: released.append(True), retake))
        async with wait_without_slot(LONGER):
            assert released == [True]
            assert retaken == []
            assert (timeout.when() or 0) > now() + LONGER
        assert retaken == [True]
        assert now() < (timeout.when() or 0) <= now() + LONG


async def test_an_operation_without_a_timeout_has_none_afterwards() -> None:
    async with asyncio.timeout(None) as timeout:
        OPERATION.set(OperationInProgress(timeout, LONG, lambda: None, retake_none))
        async with wait_without_slot(LONGER):
            assert timeout.when() is None
        assert timeout.when() is None


async def test_an_error_during_the_wait_is_raised() -> None:
    async with asyncio.timeout(LONG) as timeout:
        OPERATION.set(OperationInProgress(timeout, LONG, lambda: None, retake_none))
        with pytest.raises(LookupError, match="gone"):
            async with wait_without_slot(LONGER):
                raise LookupError("gone")


async def test_nothing_waits_outside_of_an_operation() -> None:
    async with wait_without_slot(LONGER):
        assert OPERATION.get() is None
