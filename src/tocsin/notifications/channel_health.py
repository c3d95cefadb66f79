"""The health of a channel, as the attempts at deliveries find it: since when it fails, and that it is disabled.

A channel that has just failed is left alone for as long as it has failed so far, between half a minute and half an
hour. So a thousand notifications for a dead server cost few attempts, and do not delay its owner's mails.
"""

from datetime import datetime, timedelta

from tocsin.documents import Changes, Database, NotificationChannelDocument
from tocsin.documents.updates import Expression, all_of, change_when, has_value
from tocsin.notifications.account_events import ChannelDisabled
from tocsin.notifications.channels.base import DeliveryUnavailable
from tocsin.notifications.deliveries import notify
from tocsin.notifications.delivery_attempts import MAX_RETRY_DELAY, RETRY_PERIOD
from tocsin.notifications.delivery_order import FIRST_RETRY_DELAY

FAILING_PERIOD = RETRY_PERIOD - 2 * MAX_RETRY_DELAY
"""The time after which a failing channel is disabled: so that the last attempt at the first delivery finds it over."""
MAX_SILENCE = timedelta(days=2)
"""The time without an attempt after which a failure begins anew: two refusals, days apart, are not days of failure."""


async def record_success(database: Database, channel: NotificationChannelDocument, now: datetime) -> None:
    """Record that a notification was delivered."""
    changes: Changes = {"last_delivered_at": now, "failing_since": None, "retry_at": None, "last_error": None}
    await _change(database, channel, changes)


async def record_failure(
    database: Database, channel: NotificationChannelDocument, error: Exception, now: datetime
) -> None:
    """Record that a notification could not be delivered, and disable the channel if none could for days."""
    is_first = _is_first_failure(channel, now)
    since = now if is_first else channel.get("failing_since") or now
    if now - since >= FAILING_PERIOD and not await _has_recovered(database, channel):
        days = f"No notification could be delivered since {since:%Y-%m-%dT%H:%M:%SZ}."
        await disable(database, channel, f"{days} The last error: {error}", now)
        return
    begun: Expression = {"$literal": now}
    computed: Expression = {
        "failing_since": begun if is_first else {"$ifNull": ["$failing_since", begun]},
        "retry_at": {"$max": ["$retry_at", {"$literal": now + _find_rest(error, now - since)}]},
    }
    await _change(database, channel, {"last_error": str(error)}, computed)


async def allow_attempt(database: Database, channel: NotificationChannelDocument, now: datetime) -> None:
    """Let the next attempt be made now, although the channel has just failed. Since when it fails stays known."""
    rests = {"$gt": ["$retry_at", {"$literal": now}]}
    stage = change_when(all_of(has_value("revision", channel["revision"]), rests), {"retry_at": now})
    await database.notification_channels.update_one({"_id": channel["_id"]}, [stage])


async def _has_recovered(database: Database, channel: NotificationChannelDocument) -> bool:
    """Tell whether another notification was delivered to a failing channel since it was read."""
    present = await database.notification_channels.find_one({"_id": channel["_id"]}, {"failing_since": 1})
    return present is not None and present.get("failing_since") is None


def _is_first_failure(channel: NotificationChannelDocument, now: datetime) -> bool:
    """Tell whether a failure now is the first one, or the first after a long time without attempts."""
    last = channel.get("retry_at")
    return last is None or now - last >= MAX_SILENCE


def _find_rest(error: Exception, failing: timedelta) -> timedelta:
    """Return for how long a channel is left alone: not at all if it only refused this notification."""
    if not isinstance(error, DeliveryUnavailable):
        return timedelta()
    return max(min(max(failing, FIRST_RETRY_DELAY), MAX_RETRY_DELAY), error.wait or timedelta())


async def disable(database: Database, channel: NotificationChannelDocument, reason: str, now: datetime) -> None:
    """Disable a channel and notify its owner, once for its revision.

    If the owner has changed it since it was read, nothing happens. The notification is queued first: a process that
    dies in between leaves both to the next attempt.
    """
    present = await database.notification_channels.find_one({"_id": channel["_id"]}, {"revision": 1, "is_enabled": 1})
    if present is None or not present["is_enabled"] or present["revision"] != channel["revision"]:
        return
    await notify(database, [ChannelDisabled.from_channel(channel, reason, now)])
    await _change(database, channel, {"is_enabled": False, "disabled_at": now, "disabled_reason": reason})


async def _change(
    database: Database,
    channel: NotificationChannelDocument,
    changes: Changes,
    computed: Expression | None = None,
) -> None:
    """Change an enabled channel, unless its owner has changed it since it was read."""
    unchanged = all_of(has_value("revision", channel["revision"]), has_value("is_enabled", value=True))
    stage = change_when(unchanged, changes, computed)
    await database.notification_channels.update_one({"_id": channel["_id"]}, [stage])
