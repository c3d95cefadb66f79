"""The limit of approval requests from one user to another, in whatever ways these are told."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tocsin.documents import Database
from tocsin.notifications.inbox.store import find_stored
from tocsin.notifications.run_events import ApprovalRequested
from tocsin.outbound.mail_limits import MailLimit, MailLimiter, MailLimitReached

REQUESTS_PER_DECIDER = MailLimit("approval requests", 100, timedelta(days=1))
"""Requests and reminders of one user's workflows that another user is told of. Beyond, they are only listed."""


async def select_told_requests(
    database: Database, requester: str, requests: Iterable[ApprovalRequested], now: datetime
) -> list[ApprovalRequested]:
    """Return those of a user's requests of which the deciders are told, and count them.

    What was told before a crash is returned again and not counted twice. Nobody is limited in asking themselves.
    """
    several = list(requests)
    known = await find_stored(database, [request.id for request in several if request.owner != requester])
    limiter = MailLimiter(database)
    told, full = list[ApprovalRequested](), set[str]()
    for request in several:
        if request.owner == requester or request.id in known:
            told.append(request)
        elif request.owner not in full:
            try:
                await limiter.reserve(f"{requester} {request.owner}", REQUESTS_PER_DECIDER, now=now)
                told.append(request)
            except MailLimitReached:
                full.add(request.owner)
    return told
