"""Ends of incidents of tasks that have paused themselves: who is told of the pause is not told of the end as well.

That is decided when the end is due, by the pause that is stored in the task and the delivery that tells of it.
"""

from tocsin.documents import Database, DeliveryDocument, DeliveryStatus
from tocsin.notifications.channel_store import goes_to_alert_service
from tocsin.notifications.deliveries import delivery_id
from tocsin.notifications.events import EventKind
from tocsin.notifications.incident_stages import subject_of
from tocsin.notifications.preferences.hold_backs import channel_of
from tocsin.notifications.task_events import pause_event_id

COVERED = "the notification that the task has paused itself tells of it"


async def is_end_covered(database: Database, delivery: DeliveryDocument) -> bool | None:
    """Tell whether a delivery is the end of what a pause ended of which its channel is told.

    None if that is not known yet, because the pause is still to be told. Alert services are told of all ends.
    """
    about = delivery.get("about")
    subject = None if about is None else subject_of(about)
    if delivery["kind"] != EventKind.INCIDENT_CLOSED or subject is None or subject.type != "Task":
        return False
    task = await database.tasks.find_one({"_id": subject.id}, {"self_pause": 1})
    pause = None if task is None else task.get("self_pause")
    if task is None or pause is None or await goes_to_alert_service(database, delivery):
        return False
    told = delivery_id(pause_event_id(subject.id, pause), channel_of(delivery))
    found = await database.deliveries.find_one({"_id": told}, {"status": 1})
    if found is None:
        return False if pause["is_told"] else None
    return found["status"] != DeliveryStatus.SUPPRESSED
