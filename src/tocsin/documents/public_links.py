"""The end of public links: with their task or workflow, or with all other access to their account."""

from tocsin.documents.database import Database
from tocsin.documents.public_link_models import PublicLinkKind


async def delete_public_links(database: Database, subject: str) -> None:
    """Delete the public links of a task or workflow."""
    found = database.public_links.find({"subject": subject}, {"_id": 1})
    if links := [link["_id"] async for link in found]:
        await database.public_links.delete_many({"_id": {"$in": links}})


async def delete_triggers(database: Database, owner: str) -> None:
    """Delete the public links by which people without an account start what this owner has."""
    found = database.public_links.find({"owner": owner, "kind": PublicLinkKind.TRIGGER}, {"_id": 1})
    if links := [link["_id"] async for link in found]:
        await database.public_links.delete_many({"_id": {"$in": links}})
