"""Rate limits shared by all processes over one database: attempts by address and account, cost by user.

A bucket is one document, and taking points is one conditional update by its id. Cost points are drawn in portions and
spent from memory, so most operations need no database access. A refusal is remembered until the bucket has refilled,
so a flood of requests needs none either.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from pymongo.errors import DuplicateKeyError, PyMongoError

from tocsin import telemetry
from tocsin.accounts.emails import email_key
from tocsin.accounts.familiar_addresses import FamiliarAddresses
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.documents.updates import Expression, Pipeline
from tocsin.errors import RateLimited
from tocsin.security import passwords
from tocsin.security.gcra import ROUNDING, Bucket, Milliseconds, bucket_id, network_key

DRAWS_PER_BUCKET = 100
"""A process draws 1/100 of a cost bucket at once. Points that it does not spend within the bucket's period are lost."""
_MAX_STATES = 20_000
"""Maximum buckets that a process remembers. A forgotten one costs an extra query, nothing else."""
_PASSWORD_OPERATIONS = {"logIn", "signUp", "changePassword", "resetPassword", "acceptInvitation", "confirmEmail"}
UNFAMILIAR_ADDRESS_FACTOR = 5
"""Unfamiliar addresses share one limit per account: this many times the limit of a single address."""
RESET_MAIL_BUCKET = Bucket("requestPasswordReset/account", 3, 3600)
TRIAL_BUCKET = Bucket("tryJob/user", 20, 60)
RETRY_BUCKET = Bucket("retryNotificationDelivery/user", 30, 60)
TRIGGER_BUCKET = Bucket("trigger/link", 60, 60)
_ADDRESS_LIMIT_REACHED = "Too many attempts from this network address."
_ACCOUNT_LIMIT_REACHED = "Too many attempts at this account from this network address."
_UNFAMILIAR_LIMIT_REACHED = "Too many attempts at this account from addresses where nobody has logged in to it before."
_RESET_LIMIT_REACHED = "A password reset was requested three times within the last hour: look for the mails."
_TRIAL_LIMIT_REACHED = "You have tried 20 jobs within a minute."
_RETRY_LIMIT_REACHED = "You have retried 30 deliveries within a minute."
_TRIGGER_LIMIT_REACHED = "This URL was called 60 times within a minute."
_COST_LIMIT_REACHED = "You have used up the cost that operations may have in a minute."
log = telemetry.get_logger(__name__)


def _now() -> Milliseconds:
    return time.time() * 1000


@dataclass(frozen=True, slots=True)
class CostAllowance:
    """The points that a caller may spend in a minute (`limit`) and those that are left (`remaining`)."""

    limit: int
    remaining: int


@dataclass(slots=True)
class _BucketState:
    """The local state of a bucket: it is full again at `full_at` or later; `left` points are drawn but not spent."""

    full_at: Milliseconds = 0.0
    left: float = 0.0
    drawn_at: Milliseconds = 0.0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class RateLimiter:
    """The rate limits of one installation. `now` returns milliseconds since 1970."""

    def __init__(self, database: Database, settings: Settings, now: Callable[[], Milliseconds] = _now) -> None:
        self._database = database
        self._now = now
        self._states: OrderedDict[str, _BucketState] = OrderedDict()
        self._cost = Bucket("cost", settings.cost_limit, 60)
        self._per_address, self._per_account = settings.attempts_per_address, settings.attempts_per_account
        self._familiar = FamiliarAddresses(database, now)

    async def count_attempt(self, what: str, address: str, email: str | None = None) -> None:
        """Count one attempt at `what`, such as `logIn`, from this address and at the account of `email`.

        Attempts at an account are counted by address, so that guessing slows down only whoever guesses. Raises
        RateLimited, with the same message whether or not the account exists.
        """
        if what in _PASSWORD_OPERATIONS:
            passwords.check_capacity()
        here = network_key(address)
        await self._take_one(Bucket(f"{what}/address", self._per_address, 60), here, _ADDRESS_LIMIT_REACHED)
        if email is None:
            return
        account = email_key(email)
        if what == "requestPasswordReset":
            await self._take_one(RESET_MAIL_BUCKET, account, _RESET_LIMIT_REACHED)
        else:
            await self._count_account_attempt(what, account, here)

    async def count_trial(self, user: str) -> None:
        """Count a trial of a job by this user, from wherever. Raises RateLimited."""
        await self._take_one(TRIAL_BUCKET, user, _TRIAL_LIMIT_REACHED)

    async def count_delivery_retry(self, user: str) -> None:
        """Count a retry of a notification's delivery by this user, from wherever. Raises RateLimited."""
        await self._take_one(RETRY_BUCKET, user, _RETRY_LIMIT_REACHED)

    async def count_trigger(self, link: str) -> None:
        """Count a request to the trigger URL of this public link, from wherever. Raises RateLimited."""
        await self._take_one(TRIGGER_BUCKET, link, _TRIGGER_LIMIT_REACHED)

    async def record_success(self, address: str, email: str) -> None:
        """Record a log-in, so that attempts from elsewhere no longer slow down the owner at this address.

        Without the database nothing is recorded.
        """
        try:
            await self._familiar.record_log_in(email_key(email), network_key(address))
        except PyMongoError as error:
            log.warning("the address of a log-in was not recorded", error=str(error)[:300])

    async def _count_account_attempt(self, what: str, account: str, here: str) -> None:
        """Count an attempt at an account. Unfamiliar addresses share a limit; familiar ones have their own."""
        if not await self._familiar.is_familiar(account, here):
            strange = Bucket(f"{what}/account/strange", self._per_account * UNFAMILIAR_ADDRESS_FACTOR, 900)
            await self._take_one(strange, account, _UNFAMILIAR_LIMIT_REACHED)
        pair = Bucket(f"{what}/account", self._per_account, 900)
        await self._take_one(pair, f"{account}\n{here}", _ACCOUNT_LIMIT_REACHED)

    def check_points(self, caller: str, points: float) -> None:
        """Check from memory whether the caller may spend these points. Raises RateLimited if it must fail."""
        state, now = self._state_of(self._cost, caller), self._now()
        missing = points - self._unspent(state, now)
        if missing > 0 and (wait := self._cost.seconds_until(state.full_at, missing, now)) > 0:
            raise _limited(_COST_LIMIT_REACHED, wait)

    async def spend_points(self, caller: str, points: float) -> CostAllowance:
        """Spend points of a caller, which is a user's id or an address. Raises RateLimited.

        While the database is unavailable nothing is limited, as no operation can succeed then.
        """
        state = self._state_of(self._cost, caller)
        if self._unspent(state, self._now()) < points:
            async with state.lock:
                missing = points - self._unspent(state, self._now())
                if missing > 0:  # nobody else drew meanwhile
                    state.left += await self._draw_cost(caller, state, missing)
                    state.drawn_at = self._now()
        state.left -= points
        remaining = self._cost.remaining_points(state.full_at, self._now()) + state.left
        # Points that are drawn but not spent do not delay the refill, so the sum can exceed the capacity.
        return CostAllowance(round(self._cost.capacity), max(math.floor(min(remaining, self._cost.capacity)), 0))

    async def _draw_cost(self, caller: str, state: _BucketState, missing: float) -> float:
        """Draw a portion, or what is missing if the bucket has no more. Returns the points drawn."""
        portion = max(missing, self._cost.capacity / DRAWS_PER_BUCKET)
        try:
            return await self._draw(self._cost, caller, state, (portion, missing), _COST_LIMIT_REACHED)
        except PyMongoError as error:
            log.warning("cost is not counted while the database is unavailable", error=str(error)[:300])
            return portion

    def _unspent(self, state: _BucketState, now: Milliseconds) -> float:
        if abs(now - state.drawn_at) > self._cost.window:
            state.left = 0.0
        return state.left

    async def _take_one(self, bucket: Bucket, key: str, message: str) -> None:
        await self._draw(bucket, key, self._state_of(bucket, key), (1,), message)

    async def _draw(
        self, bucket: Bucket, key: str, state: _BucketState, amounts: tuple[float, ...], message: str
    ) -> float:
        """Draw the first of these amounts that the bucket has. Raises RateLimited if it has none of them."""
        for amount in amounts:
            is_full_enough = bucket.seconds_until(state.full_at, amount, self._now()) == 0
            if is_full_enough and await self._draw_stored(bucket, key, state, amount):
                return amount
        raise _limited(message, bucket.seconds_until(state.full_at, amounts[-1], self._now()))

    async def _draw_stored(self, bucket: Bucket, key: str, state: _BucketState, amount: float) -> bool:
        """Draw from the stored bucket, and update `state` to its state. Returns whether it had the amount."""
        name = bucket_id(bucket, key)
        buckets, update = self._database.rate_buckets, _draw_update(bucket, amount, self._now())
        try:
            result = await buckets.update_one({"_id": name}, update, upsert=True)
        except DuplicateKeyError:  # another process created it at the same moment
            result = await buckets.update_one({"_id": name}, update)
        stored = await buckets.find_one({"_id": name})
        before = 0.0 if state.full_at > bucket.latest_valid_time(self._now()) else state.full_at
        state.full_at = max(before, stored["full_at"] if stored else 0.0)
        return result.modified_count > 0 or result.did_upsert

    def _state_of(self, bucket: Bucket, key: str) -> _BucketState:
        name = bucket_id(bucket, key)
        state = self._states.setdefault(name, _BucketState())
        self._states.move_to_end(name)
        if len(self._states) > _MAX_STATES:
            self._states.popitem(last=False)
        return state


def _limited(message: str, wait: float) -> RateLimited:
    wait = max(wait, 0.001)
    return RateLimited(f"{message} Try again in {math.ceil(wait)} s.", wait)


def _draw_update(bucket: Bucket, amount: float, now: Milliseconds) -> Pipeline:
    """Return the update that moves `full_at` forward if it then lies within the bucket's window."""
    trusted: Expression = {
        "$cond": [{"$gt": ["$full_at", bucket.latest_valid_time(now)]}, now, {"$max": ["$full_at", now]}]
    }
    after: Expression = {"$add": [trusted, bucket.refill_time(amount)]}
    fits: Expression = {"$lte": [after, now + bucket.window + ROUNDING]}
    return [
        {"$set": {"full_at": {"$cond": [fits, after, "$full_at"]}}},
        {"$set": {"forget_at": {"$toDate": {"$toLong": "$full_at"}}}},
    ]
