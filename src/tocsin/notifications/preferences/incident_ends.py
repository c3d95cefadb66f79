"""Which incidents are over that were told."""

from collections.abc import Iterable

from tocsin.documents import Database, DeliveryAboutDocument, IncidentDocument


async def find_ended(database: Database, abouts: Iterable[DeliveryAboutDocument | None]) -> set[tuple[str, int]]:
    """Return those of these openings of incidents after which all works again: what each is about, and its number."""
    told = {about["incident_id"]: about for about in abouts if about is not None and "incident_id" in about}
    if not told:
        return set()
    fields = {"open": 1, "recovered": 1, "sequence": 1}
    found = database.incidents.find({"_id": {"$in": sorted(told)}}, fields)
    ended = [told[each["_id"]] async for each in found if is_ended(each, told[each["_id"]])]
    return {(about["id"], about["incident"]) for about in ended}


def is_ended(incident: IncidentDocument, about: DeliveryAboutDocument) -> bool:
    """Tell whether the opening that news is about is over with a success, or was, before the incident came again."""
    return incident["sequence"] > about["incident"] or (not incident["open"] and incident["recovered"])
