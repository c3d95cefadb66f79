"""Familiar addresses: the network addresses from which an account was logged in to before.

Failed attempts from elsewhere do not slow down log-ins from a familiar address. Only digests are stored, for 90 days.
"""

import contextlib
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from pymongo.errors import DuplicateKeyError

from tocsin.documents import Database
from tocsin.security.gcra import Bucket, Milliseconds, bucket_id

DAY: Milliseconds = 86_400_000
RETENTION: Milliseconds = 90 * DAY
_BUCKET = Bucket("familiar", 1, 1)
"""Only names the documents, which are stored with the buckets and expire like them."""
_MAX_REMEMBERED = 10_000


class FamiliarAddresses:
    """The familiar addresses of all accounts. `now` returns milliseconds since 1970."""

    def __init__(self, database: Database, now: Callable[[], Milliseconds]) -> None:
        self._database = database
        self._now = now
        self._noted: OrderedDict[str, Milliseconds] = OrderedDict()

    async def is_familiar(self, account: str, address: str) -> bool:
        """Tell whether this account was logged in to from this address in the last 90 days."""
        name = _document_id(account, address)
        if self._now() - self._noted.get(name, 0.0) < DAY:
            return True
        found = await self._database.rate_buckets.find_one({"_id": name})
        return found is not None and found["full_at"] > self._now()

    async def record_log_in(self, account: str, address: str) -> None:
        """Record a log-in, with at most one write a day."""
        name, until = _document_id(account, address), self._now() + RETENTION
        if self._now() - self._noted.get(name, 0.0) < DAY:
            return
        times = {"full_at": until, "forget_at": datetime.fromtimestamp(until / 1000, UTC)}
        with contextlib.suppress(DuplicateKeyError):  # another log-in from there, at the same moment
            await self._database.rate_buckets.update_one({"_id": name}, {"$set": times}, upsert=True)
        self._noted[name] = self._now()
        if len(self._noted) > _MAX_REMEMBERED:
            self._noted.popitem(last=False)


def _document_id(account: str, address: str) -> str:
    return bucket_id(_BUCKET, f"{account}\n{address}")
