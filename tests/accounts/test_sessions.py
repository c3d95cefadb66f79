"""Refresh tokens: valid once, repeatable within seconds, a sign of theft later."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.accounts.conftest import TOKENS
from tocsin import clock
from tocsin.accounts import COMMAND_LINE, Actor, Sessions, SessionTokens, create_user
from tocsin.accounts.sessions import MAX_SESSIONS, PREFIX, REUSE_GRACE, list_sessions
from tocsin.documents import Database, User
from tocsin.errors import UserError, UserErrorCode

NOW = clock.now()
LIFETIME = timedelta(days=30)
THIEF = Actor(address="203.0.113.9", user_agent="curl")


@pytest.fixture
async def alice(database: Database) -> User:
    return await create_user("alice@example.com", "tram ticket lemon", COMMAND_LINE)


@pytest.fixture
def sessions(database: Database) -> Sessions:
    return Sessions(database, TOKENS, b"k" * 32, LIFETIME)


async def ended(sessions: Sessions, token: str, now: datetime = NOW, keep_for: timedelta = timedelta()) -> UserError:
    with pytest.raises(UserError) as caught:
        await sessions.renew(token, THIEF, now, keep_for=keep_for)
    assert (caught.value.code, caught.value.path) == (UserErrorCode.SESSION_ENDED, ("refreshToken",))
    return caught.value


async def test_each_refresh_token_leads_to_the_next(sessions: Sessions, alice: User) -> None:
    grant = await sessions.open(alice, Actor(), NOW)
    assert TOKENS.verify_without_reload(grant.access_token).session_id == grant.session_id
    seen = {grant.refresh_token}
    for day in range(1, 5):
        following = await sessions.renew(grant.refresh_token, Actor(), NOW + timedelta(days=29 * day))
        assert following.session_id == grant.session_id
        seen.add(following.refresh_token)
        grant = following
    assert len(seen) == 5
    await ended(sessions, grant.refresh_token, NOW + timedelta(days=29 * 4 + 31))


async def test_nothing_that_is_stored_opens_anything(database: Database, sessions: Sessions, alice: User) -> None:
    grant = await sessions.open(alice, Actor(), NOW)
    stored = str(await database.sessions.find_one({}))
    family, _, secret = grant.refresh_token.removeprefix(PREFIX).partition(".")
    assert family not in stored
    assert secret not in stored
    assert grant.refresh_token not in repr(grant)


async def test_a_repeated_request_gets_the_same_token(sessions: Sessions, alice: User) -> None:
    """A lost response, or two tabs at once, logs nobody out."""
    grant = await sessions.open(alice, Actor(), NOW)
    answers = await asyncio.gather(*(sessions.renew(grant.refresh_token, Actor(), NOW) for _ in range(20)))
    assert len({answer.refresh_token for answer in answers}) == 1
    late = await sessions.renew(grant.refresh_token, Actor(), NOW + REUSE_GRACE)
    following = await sessions.renew(late.refresh_token, Actor(), NOW + REUSE_GRACE)
    assert following.refresh_token != late.refresh_token == answers[0].refresh_token


async def test_a_token_used_again_later_ends_the_session_and_notifies_the_owner(
    database: Database, sessions: Sessions, alice: User
) -> None:
    grant = await sessions.open(alice, Actor(address="192.0.2.7"), NOW)
    other = await sessions.open(alice, Actor(), NOW)
    following = await sessions.renew(grant.refresh_token, Actor(), NOW)
    error = await ended(sessions, grant.refresh_token, NOW + REUSE_GRACE + clock.MILLISECOND)
    assert "already used" in error.message
    await ended(sessions, following.refresh_token, NOW + timedelta(minutes=1))
    await ended(sessions, grant.refresh_token, NOW + timedelta(minutes=1))
    assert [session.id for session in await list_sessions(alice.id, NOW)] == [other.session_id]
    (mail,) = await database.deliveries.find({}).to_list()
    assert (mail["kind"], mail["owner"], mail["status"]) == ("REFRESH_TOKEN_REUSED", alice.id, "QUEUED")
    assert "203.0.113.9" in mail["text"]
    assert "192.0.2.7" in mail["text"]
    (entry,) = await database.audit_entries.find({"action": "REFRESH_TOKEN_REUSED"}).to_list()
    assert (entry["email"], entry["address"]) == (alice.email, "203.0.113.9")


async def test_only_the_two_latest_tokens_are_valid_within_the_grace(sessions: Sessions, alice: User) -> None:
    first = await sessions.open(alice, Actor(), NOW)
    second = await sessions.renew(first.refresh_token, Actor(), NOW)
    await sessions.renew(second.refresh_token, Actor(), NOW)
    await ended(sessions, first.refresh_token)


NONE_OF_OURS = ["", "x", PREFIX, f"{PREFIX}a.b", f"{PREFIX}.", f"{PREFIX}{'a' * 500}.b", "tocsin_api_x.y", "\ud800"]


@pytest.mark.parametrize("token", NONE_OF_OURS)
async def test_what_is_no_refresh_token_ends_nothing(sessions: Sessions, alice: User, token: str) -> None:
    grant = await sessions.open(alice, Actor(), NOW)
    await ended(sessions, token)
    await sessions.renew(grant.refresh_token, Actor(), NOW)


async def test_a_wrong_secret_of_a_known_session_counts_as_theft(sessions: Sessions, alice: User) -> None:
    """Only someone who had a token of the session knows its first half."""
    grant = await sessions.open(alice, Actor(), NOW)
    await ended(sessions, f"{grant.refresh_token[:-3]}xyz")
    await ended(sessions, grant.refresh_token)


async def test_a_deactivated_user_renews_nothing(database: Database, sessions: Sessions, alice: User) -> None:
    grant = await sessions.open(alice, Actor(), NOW)
    await database.users.update_one({"_id": alice.id}, {"$set": {"is_active": False}})
    await ended(sessions, grant.refresh_token)


async def test_the_oldest_sessions_make_room(database: Database, sessions: Sessions, alice: User) -> None:
    grants = [
        await sessions.open(alice, Actor(), NOW + number * clock.MILLISECOND) for number in range(MAX_SESSIONS + 2)
    ]
    assert await database.sessions.count_documents({}) == MAX_SESSIONS
    for grant in grants[:2]:
        await ended(sessions, grant.refresh_token)
    await sessions.renew(grants[2].refresh_token, Actor(), NOW)


# Which of the tokens so far is used (0 is the latest), and how many seconds after the last use.
USES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 25)), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(uses=USES)
async def test_a_session_lives_as_its_rules_say(sessions: Sessions, alice: User, uses: list[tuple[int, int]]) -> None:
    """Compare with a simple model: a list of tokens, and when the last one was issued."""
    now = rotated_at = NOW
    tokens = [(await sessions.open(alice, Actor(), now)).refresh_token]
    for back, seconds in uses:
        now += timedelta(seconds=seconds)
        place = max(len(tokens) - 1 - back, 0)
        latest, previous = place == len(tokens) - 1, place == len(tokens) - 2
        if not latest and not (previous and now - rotated_at <= REUSE_GRACE):
            await ended(sessions, tokens[place], now)
            await ended(sessions, tokens[-1], now)
            return
        grant: SessionTokens = await sessions.renew(tokens[place], Actor(), now)
        if latest:
            tokens.append(grant.refresh_token)
            rotated_at = now
        assert grant.refresh_token == tokens[-1]


async def test_a_token_that_is_kept_for_a_while_can_be_repeated_and_is_then_replaced(
    sessions: Sessions, alice: User
) -> None:
    grant = await sessions.open(alice, Actor(), NOW)
    minutes = timedelta(minutes=5)
    for age in (timedelta(), timedelta(seconds=30), minutes - clock.MILLISECOND):
        again = await sessions.renew(grant.refresh_token, Actor(), NOW + age, keep_for=minutes)
        assert again.refresh_token == grant.refresh_token
    following = await sessions.renew(grant.refresh_token, Actor(), NOW + minutes, keep_for=minutes)
    assert following.refresh_token != grant.refresh_token
    later = NOW + minutes + REUSE_GRACE
    assert (await sessions.renew(grant.refresh_token, Actor(), later, keep_for=minutes)).refresh_token == (
        following.refresh_token
    )
    error = await ended(sessions, grant.refresh_token, later + clock.MILLISECOND, minutes)
    assert "already used" in error.message
