"""Open connections are signalled when their tokens may have become invalid."""

import asyncio
from datetime import timedelta

from tests.events.test_fanout import listening, snapshot, take
from tests.tasks.helpers import save_hourly_task
from tocsin import clock
from tocsin.accounts import COMMAND_LINE, Actor, Sessions, activate_user, create_user, deactivate_user
from tocsin.documents import Database
from tocsin.events import AccessSignals
from tocsin.security.access_tokens import AccessTokens


async def is_set(signal: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await signal.wait()
    signal.clear()


async def test_only_the_connections_of_the_user_are_signalled() -> None:
    presence = AccessSignals()
    with presence.watch("alice") as first, presence.watch("alice") as second, presence.watch("bob") as bob:
        presence.signal_user("alice")
        presence.signal_user("nobody")
        assert (first.is_set(), second.is_set(), bob.is_set()) == (True, True, False)
        presence.signal_all()
        assert bob.is_set()
    assert presence._signals == {}


async def test_changes_by_any_process_are_signalled(database: Database) -> None:
    sessions = Sessions(database, AccessTokens("s" * 40, timedelta(hours=1)), b"k" * 32, timedelta(days=1))
    alice = await create_user("alice@example.com", "tram ticket lemon", COMMAND_LINE)
    grant = await sessions.open(alice, Actor(), clock.now())
    async with listening(database) as events, events.subscribe(alice.id) as subscription:
        await snapshot(subscription)
        with events.access_signals.watch(alice.id) as signal:
            signal.clear()
            await sessions.renew(grant.refresh_token, Actor(), clock.now())
            await activate_user(alice, COMMAND_LINE)
            await save_hourly_task(
                database, owner=alice.id
            )  # what comes after the renewal, which must not have sent a signal
            await take(subscription, 1)
            assert not signal.is_set()
            await sessions.end(grant.session_id)
            await is_set(signal)
            await deactivate_user(database, alice, COMMAND_LINE)
            await is_set(signal)
