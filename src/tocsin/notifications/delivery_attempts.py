"""One attempt at a delivery, and the record of its outcome: delivered, to be retried, or given up."""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from tocsin import clock
from tocsin.documents import (
    Changes,
    Database,
    DeliveryAttemptDocument,
    DeliveryDocument,
    DeliveryStatus,
    is_unavailable,
    run_log_ids,
)
from tocsin.notifications.channels import DEFAULT_CHANNEL
from tocsin.notifications.channels.base import (
    Channel,
    DeliveryObsolete,
    DeliveryPostponed,
    DeliveryRefused,
    DeliverySuppressed,
    DeliveryUnavailable,
    LiveOutcome,
    Message,
)
from tocsin.notifications.delivery_claims import (
    IS_QUEUED,
    change_delivery,
    is_claimed,
    postpone_channel,
    update_deliveries,
)
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY
from tocsin.notifications.digests.collection import finish_collected
from tocsin.notifications.events import DIGEST_KIND
from tocsin.notifications.live.acknowledgements import release_mail
from tocsin.notifications.live.holding import is_live
from tocsin.notifications.obsolete_deliveries import find_obsolete_reason
from tocsin.notifications.preferences.gate import admit_delivery, require_uncovered, require_wanted
from tocsin.notifications.preferences.held_deliveries import DeliveryHeld
from tocsin.telemetry import CHANNEL_NOTIFICATIONS, MAILS, get_logger

MAX_RETRY_DELAY = timedelta(minutes=30)
RETRY_PERIOD = timedelta(days=3)
_RECORD_WAIT, _MAX_RECORD_WAIT = 0.5, 15.0
"""Seconds between attempts to record an outcome while the database is unavailable."""
_MAX_ATTEMPTS = 20
"""Attempts that a delivery records, the last ones."""
USER_CHANNELS = "user"
"""The channel that delivers to all channels of users, which are named by their IDs."""
LIVE_CHANNELS = "live"
"""The channel of live deliveries."""
_log = get_logger(__name__)


async def attempt_delivery(
    delivery: DeliveryDocument, channels: Mapping[str, Channel], database: Database, now: Callable[[], datetime]
) -> Changes:
    """Make one attempt at a claimed delivery, and return its outcome as changes of it. Raises PyMongoError."""
    try:
        return await _attempt(delivery, channels, database, now)
    except LiveOutcome as outcome:
        return _record_live(delivery, outcome, now())
    except DeliveryHeld:  # it is no longer claimed, so that this outcome is not recorded
        return {"status": delivery["status"]}


async def _attempt(
    delivery: DeliveryDocument, channels: Mapping[str, Channel], database: Database, now: Callable[[], datetime]
) -> Changes:
    """Make an attempt. Raises PyMongoError, LiveOutcome, DeliveryHeld."""
    try:
        message = await _deliver(delivery, channels, database, now())
    except DeliveryObsolete as error:
        return _outcome(delivery, DeliveryStatus.SUPERSEDED, last_error=str(error))
    except DeliveryPostponed as error:
        return await _postpone(delivery, error, database, now())
    except DeliverySuppressed as error:
        _count(delivery, DeliveryStatus.SUPPRESSED)
        _log.info("a notification was not sent", **log_fields(delivery), reason=str(error))
        return _attempted(delivery, DeliveryStatus.SUPPRESSED, now(), str(error))
    except DeliveryRefused as error:
        return _give_up(delivery, str(error), now())
    except DeliveryUnavailable as error:
        return _retry_later(delivery, str(error), now(), error.wait)
    except (PyMongoError, LiveOutcome, DeliveryHeld):
        raise
    except Exception as error:  # a bug must not keep the other notifications from being delivered
        _log.exception("a notification could not be sent", **log_fields(delivery))
        return _retry_later(delivery, f"{type(error).__name__}: {error}", now())
    _count(delivery, DeliveryStatus.DELIVERED)
    _log.info("notification delivered", **log_fields(delivery))
    at = now()
    sent = {"subject": message.subject, "text": message.text, "delivered_at": at}
    return _attempted(delivery, DeliveryStatus.DELIVERED, at, None, **sent)


def _name_channel(delivery: DeliveryDocument) -> str:
    if is_live(delivery):
        return LIVE_CHANNELS
    name = delivery.get("channel", DEFAULT_CHANNEL)
    return USER_CHANNELS if "/" in name else name


def _record_live(delivery: DeliveryDocument, outcome: LiveOutcome, now: datetime) -> Changes:
    """Return the outcome of a live delivery, with an attempt if one was made."""
    if outcome.status is DeliveryStatus.QUEUED:
        return _attempted(delivery, outcome.status, now, outcome.reason, **outcome.changes)
    _count(delivery, outcome.status)
    return _outcome(delivery, outcome.status, last_error=outcome.reason, **outcome.changes)


async def _deliver(
    delivery: DeliveryDocument, channels: Mapping[str, Channel], database: Database, now: datetime
) -> Message:
    """Deliver by the channel if it is still wanted, and wanted now. Raises what channels raise, and DeliveryHeld."""
    if (reason := await find_obsolete_reason(delivery, database, now)) is not None:
        raise DeliveryObsolete(reason)
    admitted = await (_admit_live if is_live(delivery) else admit_delivery)(database, delivery, now)
    message = await channels[_name_channel(delivery)].deliver(admitted)
    if delivery["kind"] == DIGEST_KIND:
        await finish_collected(database, delivery)
    return message


async def _admit_live(database: Database, delivery: DeliveryDocument, now: datetime) -> DeliveryDocument:
    """Return a live delivery that is still wanted. If it is not, its mail need not wait. Raises DeliverySuppressed.

    Live deliveries disturb nobody who does not look, so nothing holds them back.
    """
    try:
        await require_wanted(database, delivery)
    except DeliverySuppressed:
        await release_mail(database, delivery, now)
        raise
    await require_uncovered(database, delivery, now)
    return delivery


def _retry_later(delivery: DeliveryDocument, reason: str, now: datetime, asked: timedelta | None = None) -> Changes:
    """Return the outcome of a temporary failure: another attempt, unless the period for these is over.

    It is not made before the time that the other side `asked` for.
    """
    delay = retry_delay(delivery["tries"] + 1, random.random())  # noqa: S311  # spreads load, not security
    again = clock.truncate_to_milliseconds(now + max(delay, asked or delay))
    if again > _tried_since(delivery) + RETRY_PERIOD:
        return _give_up(delivery, reason, now)
    _count(delivery, "RETRY")
    _log.warning("a notification will be retried", **log_fields(delivery), reason=reason, until=again.isoformat())
    return _attempted(delivery, DeliveryStatus.QUEUED, now, reason, next_try_at=again)


async def _postpone(
    delivery: DeliveryDocument, postponed: DeliveryPostponed, database: Database, now: datetime
) -> Changes:
    """Return the outcome of waiting for a channel that has just failed, which is no attempt.

    Its other deliveries wait too, without being looked at one by one.
    """
    queued_after = postponed.until - RETRY_PERIOD
    await postpone_channel(database, delivery, postponed.until, str(postponed), queued_after=queued_after, now=now)
    if _tried_since(delivery) < queued_after:
        return _give_up(delivery, str(postponed), now)
    waiting: Changes = {"next_try_at": postponed.until, "last_error": str(postponed)}
    return {"status": DeliveryStatus.QUEUED, "claim": None, "lease_until": None, **waiting}


def _tried_since(delivery: DeliveryDocument) -> datetime:
    """Return when the first attempt could be made, the last time that its owner had it sent.

    The time for which it was held back does not count.
    """
    queued = delivery["queued_at"]
    return max(queued, delivery.get("held_until") or queued, delivery.get("retried_at") or queued)


def retry_delay(tries: int, chance: float) -> timedelta:
    """Return the wait after `tries` failed tries (1 or more), which doubles each time up to a limit.

    `chance` (0..1) adds up to a fifth, so that those that failed together are not retried together.
    """
    doublings: int = 2 ** min(tries - 1, 16)
    return min(FIRST_RETRY_DELAY * doublings, MAX_RETRY_DELAY) * (1 + chance / 5)


def _give_up(delivery: DeliveryDocument, reason: str, now: datetime) -> Changes:
    _count(delivery, DeliveryStatus.FAILED)
    _log.error("a notification cannot be delivered", **log_fields(delivery), reason=reason)
    return _attempted(delivery, DeliveryStatus.FAILED, now, reason)


def _count(delivery: DeliveryDocument, outcome: str) -> None:
    is_mail = delivery.get("channel", DEFAULT_CHANNEL) == DEFAULT_CHANNEL
    (MAILS if is_mail else CHANNEL_NOTIFICATIONS).labels(outcome=outcome).inc()


def _attempted(
    delivery: DeliveryDocument, status: DeliveryStatus, at: datetime, error: str | None, **changes: Any
) -> Changes:
    """Return an outcome that records the attempt as well."""
    attempt: DeliveryAttemptDocument = {"at": at, "error": error}
    attempts = [*(delivery.get("attempts") or ()), attempt][-_MAX_ATTEMPTS:]
    return _outcome(delivery, status, attempts=attempts, last_error=error, **changes)


def _outcome(delivery: DeliveryDocument, status: DeliveryStatus, **changes: Any) -> Changes:
    if status is not DeliveryStatus.QUEUED and delivery.get("content") is not None:
        changes["content"] = None  # the history shows the text
    return {"status": status, "tries": delivery["tries"] + 1, "claim": None, "lease_until": None, **changes}


async def record_outcome(delivery: DeliveryDocument, outcome: Changes, database: Database) -> None:
    """Write the outcome, however long the database is unavailable: a lost outcome means a duplicate.

    A success counts whoever has the lease by now; a failure is for the holder of the lease to record. Raises
    PyMongoError if the database refuses.
    """
    condition = IS_QUEUED if outcome["status"] == DeliveryStatus.DELIVERED else is_claimed(delivery)
    wait = _RECORD_WAIT
    while True:
        try:
            await update_deliveries(database, [change_delivery(delivery["_id"], condition, outcome)])
            return
        except PyMongoError as error:
            if not is_unavailable(error):
                raise
            _log.warning(
                "the outcome of a notification waits for the database", delivery=delivery["_id"], reason=str(error)
            )
            await asyncio.sleep(wait)
            wait = min(wait * 2, _MAX_RECORD_WAIT)


def log_fields(delivery: DeliveryDocument) -> dict[str, str]:
    """Return the log fields that identify a delivery and its run."""
    run = delivery["run"]
    return {"delivery": delivery["_id"], "kind": delivery["kind"], **(run_log_ids(run) if run else {})}
