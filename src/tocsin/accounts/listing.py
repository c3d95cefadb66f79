"""Queries for lists of users and of the audit log."""

from collections.abc import Collection
from datetime import datetime

from tocsin import clock
from tocsin.accounts.emails import email_key
from tocsin.clock import EPOCH
from tocsin.documents import AuditAction, AuditEntryDocument, Database, UserDocument
from tocsin.documents.keyset import Branch, Condition, KeysetQuery, contains_text


def query_users(
    database: Database, email: str | None, *, is_active: bool | None, is_admin: bool | None
) -> KeysetQuery[UserDocument]:
    """Build the query for users whose address contains this text, newest first. Raises InvalidInput."""
    extra: Condition = contains_text("email", email, "email") if email else {}
    if is_active is not None:
        extra["is_active"] = is_active
    if is_admin is not None:
        extra["is_admin"] = is_admin
    return KeysetQuery(
        collection=database.users,
        order_name="user_created_at",
        key="created_at",
        descending=True,
        indexed_filter={},
        extra_filter=extra,
        projection={"password": 0},
        key_range_hint=(EPOCH, clock.now()),
    )


def query_audit_log(
    database: Database,
    email: str | None,
    actions: Collection[AuditAction],
    first: datetime | None,
    last: datetime | None,
) -> KeysetQuery[AuditEntryDocument]:
    """Build the query for entries about the account with this address, newest first.

    Without `actions` all are returned. `first` and `last` bound the time, both inclusive.
    """
    indexed: Condition = {"email": email_key(email)} if email else {}
    by_action = [Branch({"action": action}) for action in set(actions or ())]
    return KeysetQuery(
        collection=database.audit_entries,
        order_name="audit_at",
        key="at",
        descending=True,
        indexed_filter=indexed,
        extra_filter={"action": {"$in": list(actions)}} if actions and indexed else {},
        branches=tuple(by_action) if by_action and not indexed else (Branch(),),
        min_key=first,
        max_key=last,
        key_range_hint=(EPOCH, clock.now()),
    )
