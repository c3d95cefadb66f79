"""The quotas of an installation, for the API, the command line and the engine."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import bson

from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database
from tocsin.errors import QuotaExceeded
from tocsin.quotas import ledger
from tocsin.quotas.limits import QUOTA_UNITS, Quota, QuotaLimits, QuotaUnit, make_quota_error
from tocsin.quotas.meter import UsageMeter, find_reset_time
from tocsin.quotas.resource_counter import COUNTED_QUOTAS, Reservation, ResourceCounter


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a quota by an owner. `limit` is None if it is unlimited."""

    quota: Quota
    used: int
    limit: int | None
    resets_at: datetime | None
    unit: QuotaUnit


class Quotas:
    """Usage and limits of all owners. One per process, used in its event loop; `meter` is thread-safe."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self.limits = QuotaLimits(settings)
        self.meter = UsageMeter(self.limits)
        self._counter = ResourceCounter(database)

    @classmethod
    async def for_owner(cls, database: Database, settings: Settings, owner: str) -> "Quotas":
        """Load the quotas of one owner, for a command that calls `flush_usage` at the end."""
        quotas = cls(database, settings)
        await ledger.load_usage(database, quotas.meter, quotas.limits, [owner])
        return quotas

    async def flush_usage(self) -> None:
        """Write the counts to the database."""
        await ledger.flush_usage(self._database, self.meter, self.limits)

    @asynccontextmanager
    async def reserve(self, owner: str, quota: Quota, wanted: int = 1, *path: str) -> AsyncIterator[Reservation]:
        """Reserve `wanted` of a quota while resources are created in the context. Raises QuotaExceeded.

        Cancel the reservation if nothing was created after all.
        """
        limit = self.limits.get_limit(owner, quota)
        self.require_storage(owner, *path)
        if not limit:
            yield Reservation(0, wanted)
            return
        async with self._counter.reserve(owner, quota, limit, wanted) as reservation:
            used = reservation.used
            if used + wanted > limit:
                raise make_quota_error(quota, used, limit, *path, wanted=wanted)
            yield reservation

    def require_storage(self, owner: str, *path: str) -> None:
        """Raise QuotaExceeded if the storage quota is used up."""
        if self.meter.get_excess_bytes(owner):
            raise self._make_error(owner, Quota.STORAGE, clock.now(), *path)

    def require_run(self, owner: str, *path: str) -> None:
        """Raise QuotaExceeded if no run may begin now."""
        self.require_storage(owner, *path)
        now = clock.now()
        if (quota := self.meter.find_exceeded_run_quota(owner, now)) is not None:
            raise self._make_error(owner, quota, now, *path)

    def consume_run(self, owner: str, *path: str) -> None:
        """Count a run that a user starts. Raises QuotaExceeded."""
        self.require_run(owner, *path)
        self.meter.consume_runs(owner, 1, clock.now())

    def consume_idempotency_key(self, owner: str) -> None:
        """Count an idempotency key. Raises QuotaExceeded."""
        quota, now = Quota.IDEMPOTENCY_KEYS_PER_DAY, clock.now()
        if not self.meter.consume(owner, quota, now):
            raise self._make_error(owner, quota, now, "idempotencyKey")

    def _make_error(self, owner: str, quota: Quota, now: datetime, *path: str) -> QuotaExceeded:
        used = self.meter.get_usage(owner, quota, now)
        return make_quota_error(quota, used, self.limits.get_limit(owner, quota), *path)

    def add_documents(self, owner: str, *documents: Mapping[str, object]) -> None:
        """Add the size of stored documents."""
        self.meter.add_bytes(owner, sum(len(bson.encode(document)) for document in documents))

    def remove_documents(self, owner: str, *documents: Mapping[str, object]) -> None:
        """Subtract the size of deleted documents."""
        self.meter.add_bytes(owner, -sum(len(bson.encode(document)) for document in documents))

    async def list_usage(self, owner: str) -> list[Usage]:
        """Return the owner's usage of each quota. Raises PyMongoError."""
        await ledger.load_usage(self._database, self.meter, self.limits, [owner])
        now = clock.now()
        return [await self._get_usage(owner, quota, now) for quota in Quota]

    async def _get_usage(self, owner: str, quota: Quota, now: datetime) -> Usage:
        counted = quota in COUNTED_QUOTAS
        used = await self._counter.count_used(owner, quota) if counted else self.meter.get_usage(owner, quota, now)
        return Usage(
            quota, used, self.limits.get_limit(owner, quota) or None, find_reset_time(quota, now), QUOTA_UNITS[quota]
        )
