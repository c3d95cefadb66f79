"""The end of public links: whoever deletes a task or workflow deletes its links."""

from tocsin.documents.database import Database


async def delete_public_links(database: Database, subject: str) -> None:
    """Delete the public links of a task or workflow."""
    found = database.public_links.find({"subject": subject}, {"_id": 1})
    if links := [link["_id"] async for link in found]:
        await database.public_links.delete_many({"_id": {"$in": links}})
