"""The attempts at live deliveries.

An attempt is recorded first and told to the streams of all processes then. Who has an open stream gives the
notification again; the first time, it was given as it was stored. A process that dies in between has made an attempt
that nobody received, which the record says.
"""

from datetime import datetime

from tocsin.documents import Changes, Database, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channels.base import LiveOutcome, Message
from tocsin.notifications.live.acknowledgements import find_acknowledgement
from tocsin.notifications.live.holding import is_live
from tocsin.notifications.live.schedule import find_next_attempt, is_over
from tocsin.notifications.user_channel import UserChannel

NOT_ACKNOWLEDGED = "It was not acknowledged in time."
WAITING = "It was not acknowledged."


class LiveDelivery(UserChannel):
    """The attempts at live deliveries, of which none succeeds but by the acknowledgement."""

    async def deliver(self, delivery: DeliveryDocument) -> Message:
        """Make an attempt. Raises LiveOutcome, DeliveryObsolete or DeliverySuppressed."""
        await self._find_channel(delivery)
        raise await _find_outcome(delivery, self._context.database, self._context.clock())


async def _find_outcome(delivery: DeliveryDocument, database: Database, now: datetime) -> LiveOutcome:
    """Return how it goes on: acknowledged, no longer waited for, or to be repeated."""
    at = await find_acknowledgement(delivery, database)
    if at is not None:
        return LiveOutcome(DeliveryStatus.DELIVERED, None, {"delivered_at": at})
    made, deadline = len(delivery.get("attempts") or ()), delivery.get("acknowledge_by") or now
    if is_over(deadline, made, now):
        return LiveOutcome(DeliveryStatus.FAILED, NOT_ACKNOWLEDGED, {})
    again = find_next_attempt(delivery["queued_at"], deadline, made + 1, now)
    return LiveOutcome(DeliveryStatus.QUEUED, WAITING, {"next_try_at": again})


def tell_streams(delivery: DeliveryDocument, outcome: Changes, database: Database) -> None:
    """Tell the streams of the owner of a recorded attempt at a live delivery, if it was one."""
    if is_live(delivery) and outcome["status"] == DeliveryStatus.QUEUED:
        database.changes.delivery_attempted(delivery["owner"], delivery["_id"], len(outcome["attempts"]))
