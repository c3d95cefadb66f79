"""Lists for administrators: the users, and the audit log."""

from datetime import datetime
from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts.emails import spell_email
from tocsin.clock import EPOCH
from tocsin.documents import AuditAction, Database, Doc
from tocsin.graphql import access, ids, paging
from tocsin.graphql.account_types import User, user_row
from tocsin.graphql.context import Info
from tocsin.graphql.enums import describe
from tocsin.graphql.node import Node, PageInfo
from tocsin.graphql.paging import PageArguments, Rows
from tocsin.graphql.run_lists import page_info
from tocsin.graphql.words import After, Before, First, Last, TimeWindow, bounds, contains

describe(
    AuditAction,
    "What was done to an account.",
    {
        "SIGNED_UP": "Someone made an account.",
        "LOGGED_IN": "A session was opened with the password.",
        "LOG_IN_FAILED": "A wrong password, an unknown address or a deactivated account.",
        "LOGGED_OUT": "A session was ended by its user.",
        "SESSION_REVOKED": "A session was ended from another one.",
        "REFRESH_TOKEN_REUSED": "A refresh token was used a second time, so its session was ended.",
        "PASSWORD_CHANGED": "A password was changed.",
        "PASSWORD_RESET_REQUESTED": "A link for a new password was mailed.",
        "PASSWORD_RESET": "A password was changed by a mailed link.",
        "EMAIL_CONFIRMATION_REQUESTED": "A link to confirm an address was mailed.",
        "EMAIL_CONFIRMED": "An address was confirmed by a mailed link, or on the command line.",
        "API_TOKEN_CREATED": "An API token was made.",
        "API_TOKEN_REVOKED": "An API token was ended.",
        "USER_CREATED": "An account was made by an administrator.",
        "USER_INVITED": "An invitation was mailed.",
        "INVITATION_ACCEPTED": "An account was made by an invitation.",
        "USER_PROMOTED": "A user was made an administrator.",
        "USER_DEMOTED": "An administrator was made a user like others.",
        "USER_DEACTIVATED": "A user was locked out.",
        "USER_ACTIVATED": "A user was let in again.",
        "KEYS_ROTATED": "The keys of the installation were renewed.",
        "QUEUE_CHANGED": "An administrator made, changed, paused or resumed a queue.",
        "QUOTA_CHANGED": "An administrator changed how much a user may use.",
    },
)


@strawberry.input(description="Which users: those for whom all that is given holds.")
class UserFilter:
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Users whose address contains this text, whatever the case."
    )
    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Only users who may log in, or only those who may not."
    )
    is_admin: bool | None = strawberry.field(
        default=strawberry.UNSET, description="Only administrators, or only other users."
    )


@strawberry.type(description="A user in a list.")
class UserEdge:
    cursor: str = strawberry.field(description="The user's place in the list, for `after` and `before`.")
    node: User = strawberry.field(description="The user.")


@strawberry.type(description="A page of users.")
class UserConnection:
    rows: strawberry.Private[Rows]
    edges: list[UserEdge] = strawberry.field(description="The users with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @strawberry.field(description="The users.")
    def nodes(self) -> list[User]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many users there are on all pages together.")
    async def total_count(self) -> int:
        return await paging.count(self.rows)


@strawberry.type(description="Something that was done to an account.")
class AuditEntry(Node):
    at: datetime = strawberry.field(description="When it was done.")
    action: AuditAction = strawberry.field(description="What was done.")
    actor: str = strawberry.field(
        description="Who did it: an address, or `command line`; empty for someone who was not known."
    )
    email: str = strawberry.field(description="The address of the account that it was done to, as it was then.")
    detail: str | None = strawberry.field(description="What the action alone does not say.")
    address: str = strawberry.field(description="The IP address that it was done from; empty for the command line.")
    user_agent: str = strawberry.field(description="The program that it was done with, as it calls itself.")


@strawberry.input(description="Which entries: those for which all that is given holds.")
class AuditFilter:
    action: list[AuditAction] | None = strawberry.field(
        default=strawberry.UNSET, description="Entries of one of these actions."
    )
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Entries about the account of this address, written in full."
    )
    at: TimeWindow | None = strawberry.field(default=strawberry.UNSET, description="Entries of this span.")


@strawberry.type(description="An entry in a list.")
class AuditEntryEdge:
    cursor: str = strawberry.field(description="The entry's place in the list, for `after` and `before`.")
    node: AuditEntry = strawberry.field(description="The entry.")


@strawberry.type(description="A page of the audit log.")
class AuditEntryConnection:
    rows: strawberry.Private[Rows]
    edges: list[AuditEntryEdge] = strawberry.field(description="The entries with their cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in the list.")

    @strawberry.field(description="The entries.")
    def nodes(self) -> list[AuditEntry]:
        return [edge.node for edge in self.edges]

    @strawberry.field(description="How many entries there are on all pages together.")
    async def total_count(self) -> int:
        return await paging.count(self.rows)


@strawberry.type
class AdministrationQueries:
    @strawberry.field(description="For administrators: the users, the latest first.")
    async def users(
        self,
        info: Info,
        filter: Annotated[UserFilter | None, strawberry.argument(description="Only these users.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> UserConnection:
        await access.administrator(info)
        rows = _users(info.context.services.database, filter or None)
        page = await paging.read_page(rows, PageArguments.of(first, after, last, before))
        edges = [UserEdge(cursor=paging.cursor(rows, row), node=user_row(row)) for row in page.rows]
        return UserConnection(rows=rows, edges=edges, page_info=page_info(page, [edge.cursor for edge in edges]))

    @strawberry.field(description="For administrators: what was done to accounts, the latest first.")
    async def audit_log(
        self,
        info: Info,
        filter: Annotated[AuditFilter | None, strawberry.argument(description="Only these.")] = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> AuditEntryConnection:
        await access.administrator(info)
        rows = _entries(info.context.services.database, filter or None)
        page = await paging.read_page(rows, PageArguments.of(first, after, last, before))
        edges = [AuditEntryEdge(cursor=paging.cursor(rows, row), node=entry_type(row)) for row in page.rows]
        return AuditEntryConnection(rows=rows, edges=edges, page_info=page_info(page, [edge.cursor for edge in edges]))


def entry_type(entry: Doc) -> AuditEntry:
    """A stored entry as it is shown."""
    same = ("at", "email", "detail", "address", "user_agent")
    return AuditEntry(
        id=strawberry.ID(ids.encode("AuditEntry", entry["_id"])),
        action=AuditAction(entry["action"]),
        actor=entry["actor_name"],
        **{name: entry[name] for name in same},
    )


def _users(database: Database, filter_: UserFilter | None) -> Rows:
    residual: Doc = {}
    if filter_ and filter_.email:
        residual["email"] = contains(filter_.email, "filter", "email")
    for name, value in (("is_active", filter_ and filter_.is_active), ("is_admin", filter_ and filter_.is_admin)):
        if isinstance(value, bool):
            residual[name] = value
    return Rows(
        collection=database.users,
        order="user_created_at",
        key="created_at",
        descending=True,
        base={},
        residual=residual,
        hidden={"password": 0},
        origin=(EPOCH, clock.now()),
    )


def _entries(database: Database, filter_: AuditFilter | None) -> Rows:
    low, high = bounds((filter_ and filter_.at) or None)
    base: Doc = {"email": spell_email(filter_.email)} if filter_ and filter_.email else {}
    actions = [action.value for action in filter_.action] if filter_ and filter_.action else []
    return Rows(
        collection=database.audit_entries,
        order="audit_at",
        key="at",
        descending=True,
        base=base,
        residual={"action": {"$in": actions}} if actions else {},
        low=low,
        high=high,
        origin=(EPOCH, clock.now()),
    )
