"""The quotas of an installation, for the API, the command line and the engine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import bson

from tocsin import clock
from tocsin.config import Settings
from tocsin.documents import Database, Doc
from tocsin.quotas import ledger
from tocsin.quotas.limits import UNITS, Limits, Quota, Unit, exceeded
from tocsin.quotas.meter import UsageMeter, resets_at
from tocsin.quotas.resource_counter import COUNTED, Counter


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a quota by an owner. `limit` is None if it is unlimited."""

    quota: Quota
    used: int
    limit: int | None
    resets_at: datetime | None
    unit: Unit


class Quotas:
    """Usage and limits of all owners. One per process, used in its event loop; `meter` is thread-safe."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self.limits = Limits(settings)
        self.meter = UsageMeter(self.limits)
        self._counter = Counter(database)

    @classmethod
    async def for_command(cls, database: Database, settings: Settings, owner: str) -> "Quotas":
        """Load the quotas of one owner, for a command that calls `flush` at the end."""
        quotas = cls(database, settings)
        await ledger.learn(database, quotas.meter, quotas.limits, [owner])
        return quotas

    async def flush(self) -> None:
        """Write the counts to the database."""
        await ledger.flush(self._database, self.meter, self.limits)

    @asynccontextmanager
    async def room(self, owner: str, quota: Quota, wanted: int = 1, *path: str) -> AsyncIterator[None]:
        """Reserve `wanted` of a quota while resources are created in the context. Raises QuotaExceeded."""
        limit = self.limits.of(owner, quota)
        self.require_storage(owner, *path)
        if not limit:
            yield
            return
        async with self._counter.held(owner, quota, limit, wanted) as used:
            if used + wanted > limit:
                raise exceeded(quota, used, limit, *path, wanted=wanted)
            yield

    def require_run(self, owner: str, *path: str) -> None:
        """Raise QuotaExceeded if no run may begin now."""
        self.require_storage(owner, *path)
        now = clock.now()
        if (quota := self.meter.met_by_run(owner, now)) is not None:
            raise exceeded(quota, self.meter.used(owner, quota, now), self.limits.of(owner, quota), *path)

    def take_run(self, owner: str, *path: str) -> None:
        """Count a run that a user starts. Raises QuotaExceeded."""
        self.require_run(owner, *path)
        self.meter.take_runs(owner, 1, clock.now())

    def take_key(self, owner: str) -> None:
        """Count an idempotency key. Raises QuotaExceeded."""
        quota, now = Quota.IDEMPOTENCY_KEYS_PER_DAY, clock.now()
        if not self.meter.take(owner, quota, now):
            used, limit = self.meter.used(owner, quota, now), self.limits.of(owner, quota)
            raise exceeded(quota, used, limit, "idempotencyKey")

    def note_stored(self, owner: str, *documents: Doc) -> None:
        """Add the size of stored documents."""
        self.meter.add_bytes(owner, sum(len(bson.encode(document)) for document in documents))

    def note_deleted(self, owner: str, *documents: Doc) -> None:
        """Subtract the size of deleted documents."""
        self.meter.add_bytes(owner, -sum(len(bson.encode(document)) for document in documents))

    async def usage(self, owner: str) -> list[Usage]:
        """Return the owner's usage of each quota. Raises PyMongoError."""
        await ledger.learn(self._database, self.meter, self.limits, [owner])
        now = clock.now()
        return [await self._get_usage(owner, quota, now) for quota in Quota]

    async def _get_usage(self, owner: str, quota: Quota, now: datetime) -> Usage:
        counted = quota in COUNTED
        used = await self._counter.used(owner, quota) if counted else self.meter.used(owner, quota, now)
        return Usage(quota, used, self.limits.of(owner, quota) or None, resets_at(quota, now), UNITS[quota])

    def require_storage(self, owner: str, *path: str) -> None:
        """Raise QuotaExceeded if the storage quota is used up."""
        if self.meter.excess(owner):
            used = self.meter.used(owner, Quota.STORAGE, clock.now())
            raise exceeded(Quota.STORAGE, used, self.limits.of(owner, Quota.STORAGE), *path)
