"""Acknowledging an incident: somebody looks after it, so there are no more reminders."""

from datetime import datetime

from pymongo import UpdateOne

from tocsin.documents import Database, IncidentDocument, owner_of
from tocsin.documents.updates import change_when, is_null
from tocsin.errors import NotFound
from tocsin.notifications.incidents.alerts import CHANGED


async def acknowledge_incident(database: Database, owner: str, incident_id: str, now: datetime) -> IncidentDocument:
    """Acknowledge an incident, open or over, and return it. The first acknowledgement counts. Raises NotFound.

    News that is decided already is told in any case.
    """
    change = change_when(is_null("acknowledged_at"), {"acknowledged_at": now}, CHANGED)
    if owner_of(incident_id) == owner:
        await database.incidents.bulk_write([UpdateOne({"_id": incident_id}, [change])])
        found = await database.incidents.find_one({"_id": incident_id})
        if found is not None:
            return found
    raise NotFound("You have no incident with this id.", "id")
