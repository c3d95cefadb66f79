"""Public links as they are stored: created, found, given a new URL and revoked, each by its owner."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypedDict

from pymongo.errors import DuplicateKeyError

from tocsin.documents import Database, PublicLinkDocument, PublicLinkKind, owner_of
from tocsin.documents.updates import change_when, has_value
from tocsin.errors import Conflict, InvalidInput, NotFound
from tocsin.notifications.preferences.store import find_existing_subjects
from tocsin.security.public_link_tokens import PublicLinkTokens, generate_serial

MAX_LINKS = 10
"""Maximum number of links of a task or workflow."""
MAX_TITLE_LENGTH = 100
_HINT_LENGTH = 4
_USE_INTERVAL = timedelta(minutes=1)
_BATCH = 500
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]*")
"""Text without control characters, also without those that reverse the direction of what follows."""
_NOT_FOUND = "You have no public link with this id."


@dataclass(frozen=True, slots=True)
class LinkDraft:
    """A link as its owner describes it. `subject_type` is Task or Workflow; the caller has checked the subject."""

    kind: PublicLinkKind
    subject_type: str
    subject: str
    title: str | None = None
    request_input: str | None = None


class LinkChanges(TypedDict, total=False):
    """The fields of a link to change. Absent fields keep their values."""

    title: str | None
    request_input: str | None


async def check_room(database: Database, subject: str) -> None:
    """Raise Conflict if a task or workflow has as many links as it can have."""
    if await database.public_links.count_documents({"subject": subject}, limit=MAX_LINKS) >= MAX_LINKS:
        raise _full()


def _full() -> Conflict:
    return Conflict(f"It has {MAX_LINKS} public links, which is the maximum. Revoke one of them first.", "subjectId")


async def create_link(
    database: Database, tokens: PublicLinkTokens, link_id: str, draft: LinkDraft, now: datetime
) -> None:
    """Store a link with this ID, unless an interrupted try has done so. Raises Conflict if there are too many."""
    serial = generate_serial()
    link: PublicLinkDocument = {
        "_id": link_id,
        "owner": owner_of(link_id),
        "kind": draft.kind,
        "subject": draft.subject,
        "subject_type": draft.subject_type,
        "serial": serial,
        "hint": tokens.sign(draft.kind, serial)[-_HINT_LENGTH:],
        "title": draft.title,
        "request_input": draft.request_input,
        "created_at": now,
        "issued_at": now,
        "last_used_at": None,
    }
    try:
        await database.public_links.insert_one(link)
    except DuplicateKeyError:
        return
    if await database.public_links.count_documents({"subject": draft.subject}, limit=MAX_LINKS + 1) > MAX_LINKS:
        await database.public_links.delete_one({"_id": link_id})  # others were created at the same time
        raise _full()


def parse_title(title: str | None) -> str | None:
    """Return a title without the spaces around it; None for none. Raises InvalidInput."""
    if title is None:
        return None
    if not 1 <= len(title.strip()) <= MAX_TITLE_LENGTH or not _PRINTABLE.fullmatch(title):
        message = f"title must have 1 to {MAX_TITLE_LENGTH} characters, none of them a control character."
        raise InvalidInput(message, "title")
    return title.strip()


async def list_links(database: Database, subjects: Sequence[str]) -> dict[str, list[PublicLinkDocument]]:
    """Return the links of these tasks and workflows (by ID), the oldest first."""
    found = await database.public_links.find({"subject": {"$in": list(subjects)}}).to_list()
    links: dict[str, list[PublicLinkDocument]] = {}
    for link in sorted(found, key=lambda link: (link["created_at"], link["_id"])):
        links.setdefault(link["subject"], []).append(link)
    return links


async def find_link(database: Database, owner: str, link_id: str) -> PublicLinkDocument:
    """Return a link of the owner. Raises NotFound."""
    found = await database.public_links.find_one({"_id": link_id}) if owner_of(link_id) == owner else None
    if found is None:
        raise NotFound(_NOT_FOUND, "id")
    return found


async def rotate_link(
    database: Database, tokens: PublicLinkTokens, link: PublicLinkDocument, now: datetime
) -> PublicLinkDocument:
    """Give a link a new URL, and return it. The former URL is no link any more. Raises NotFound, Conflict."""
    serial = generate_serial()
    hint = tokens.sign(link["kind"], serial)[-_HINT_LENGTH:]
    changes = {"serial": serial, "hint": hint, "issued_at": now, "last_used_at": None}
    if not await _change_if_current(database, link, changes):
        await find_link(database, link["owner"], link["_id"])
        raise Conflict("It got another new URL at the same time. Get one again if you need it.", "id")
    return await find_link(database, link["owner"], link["_id"])


async def change_link(database: Database, link: PublicLinkDocument, changes: LinkChanges) -> PublicLinkDocument:
    """Change what a link shows or passes on, and return it. Its URL stays. Raises NotFound."""
    if changes:
        await database.public_links.update_one({"_id": link["_id"]}, {"$set": changes})
    return await find_link(database, link["owner"], link["_id"])


async def revoke_link(database: Database, owner: str, link_id: str) -> PublicLinkDocument:
    """Revoke a link for good, and return it as it was. Raises NotFound."""
    link = await find_link(database, owner, link_id)
    if not (await database.public_links.delete_one({"_id": link_id})).deleted_count:
        raise NotFound(_NOT_FOUND, "id")
    return link


async def record_use(database: Database, link: PublicLinkDocument, now: datetime) -> None:
    """Store when a trigger was last used, at most once a minute: a write for each request would cost too much."""
    last = link.get("last_used_at")
    if last is None or abs(now - last) >= _USE_INTERVAL:
        await _change_if_current(database, link, {"last_used_at": now})


async def _change_if_current(database: Database, link: PublicLinkDocument, changes: Mapping[str, object]) -> bool:
    """Change a link, unless it was revoked or has another URL than this one by now. Return whether it was changed."""
    stage = change_when(has_value("serial", link["serial"]), changes)
    return (await database.public_links.update_one({"_id": link["_id"]}, [stage])).modified_count > 0


async def prune_links(database: Database, owner: str) -> int:
    """Delete the links of this owner whose task or workflow was deleted, and return their number."""
    found = database.public_links.find({"owner": owner}, {"subject": 1})
    subject_of = {link["_id"]: link["subject"] async for link in found}
    subjects = sorted(set(subject_of.values()))
    existing: set[str] = set()
    for start in range(0, len(subjects), _BATCH):
        existing |= await find_existing_subjects(database, subjects[start : start + _BATCH])
    gone = [link_id for link_id, subject in subject_of.items() if subject not in existing]
    if gone:
        await database.public_links.delete_many({"_id": {"$in": gone}})
    return len(gone)


def describe_link(link: PublicLinkDocument) -> str:
    """Return the description of a link for the audit log."""
    return f"{link['kind']} (…{link['hint']}) of {link['subject_type'].lower()} {link['subject']}, {link['_id']}"
