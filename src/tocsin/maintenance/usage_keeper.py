"""Upkeep of usage counts: stores them, mails owners who reached a quota, deletes the oldest history beyond it.

This happens every few seconds. The counted storage is approximate, so each owner's is also measured once a day.
"""

from datetime import datetime, timedelta

from tocsin import clock, telemetry
from tocsin.documents import Database
from tocsin.documents.file_bucket import FileBucket
from tocsin.maintenance.pruner import Pruner
from tocsin.notifications.account_events import QuotaMet
from tocsin.notifications.deliveries import notify
from tocsin.quotas import Quota, Quotas, ledger
from tocsin.quotas.limits import describe_usage
from tocsin.quotas.storage import measure_storage

FLUSH_INTERVAL_SECONDS = 5.0
_FLUSHES_PER_RELOAD = 12
"""Every twelfth flush also reads the counts that other processes have stored, of all owners."""
TRIM_TARGET = 0.95
"""Fraction of the storage quota to which the history is trimmed."""
_TRIM_STEP = 0.9
"""Factor by which each trimming step reduces the maximum age of the history."""
_MIN_AGE = timedelta(seconds=10)
_MEASURE_INTERVAL, _MEASURE_INTERVAL_AT_QUOTA = timedelta(days=1), timedelta(minutes=10)
log = telemetry.get_logger(__name__)


class UsageKeeper:
    """Keeps the usage counts of this process and the stored ones in step."""

    def __init__(self, database: Database, quotas: Quotas, pruner: Pruner, kept: timedelta) -> None:
        self._database, self._quotas, self._pruner, self._kept = database, quotas, pruner, kept
        self._ages: dict[str, timedelta] = {}
        self._flushes = 0

    async def load_limits(self) -> None:
        """Load the quotas of owners that differ from the defaults."""
        await ledger.load_limits(self._database, self._quotas.limits)

    async def flush_usage(self) -> None:
        """Store and reload the counts, trim excess history, and mail owners who reached a quota."""
        self._flushes += 1
        meter, all_owners = self._quotas.meter, self._flushes % _FLUSHES_PER_RELOAD == 0
        await ledger.flush_usage(self._database, meter, self._quotas.limits, all_owners=all_owners)
        now = clock.now()
        for owner in meter.list_owners():
            if meter.get_excess_bytes(owner):
                await self.trim_history(owner, now)
        await self._mail_owners(now)
        meter.evict_idle(now)

    # --- too much history -------------------------------------------------------------------------------------------

    async def trim_history(self, owner: str, now: datetime) -> None:
        """Delete the oldest history of an owner until there is room. Open runs, tasks and workflows stay."""
        meter = self._quotas.meter
        meter.record_refusal(owner, Quota.STORAGE)
        age = min(self._kept, self._ages.get(owner, self._kept) / _TRIM_STEP**2)
        deleted = 0
        while meter.get_excess_bytes(owner, TRIM_TARGET) and age > _MIN_AGE:
            age *= _TRIM_STEP
            before = now - age
            deleted += await self._pruner.prune_owner(owner, before, before)
            meter.add_bytes(owner, -await FileBucket(self._database).delete_owner_files(owner, before))
        self._ages[owner] = age
        if deleted:
            log.info("history trimmed to the storage quota", owner=owner, runs=deleted, age=str(age))

    # --- mails ------------------------------------------------------------------------------------------------------

    async def _mail_owners(self, now: datetime) -> None:
        refused = self._quotas.meter.drain_refusals()
        reached = {owner: self._describe_reached(owner, quotas, now) for owner, quotas in refused.items()}
        await notify(self._database, [QuotaMet.from_quotas(owner, quotas, now) for owner, quotas in reached.items()])

    def _describe_reached(self, owner: str, quotas: set[Quota], now: datetime) -> list[str]:
        found = [(quota, self._quotas.meter.get_usage(owner, quota, now)) for quota in Quota if quota in quotas]
        return [describe_usage(quota, used, self._quotas.limits.get_limit(owner, quota)) for quota, used in found]

    # --- measuring --------------------------------------------------------------------------------------------------

    async def measure_one_owner(self) -> None:
        """Measure the storage of one owner, if any is due: first those at their quota."""
        now = clock.now()
        meter, limits = self._quotas.meter, self._quotas.limits
        met = [
            owner
            for owner in meter.find_unmeasured(now - _MEASURE_INTERVAL_AT_QUOTA)
            if meter.get_excess_bytes(owner, TRIM_TARGET)
        ]
        for owner in [*met, *meter.find_unmeasured(now - _MEASURE_INTERVAL)][:1]:
            await measure_storage(self._database, meter, limits, owner, now, self._kept)
