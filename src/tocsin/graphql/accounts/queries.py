"""Queries of accounts, sessions and API tokens, and those for administrators."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts import api_tokens, sessions
from tocsin.documents.paging import PageArguments
from tocsin.graphql import access
from tocsin.graphql.accounts.audit_log import AuditEntry, AuditFilter, list_audit_entries
from tocsin.graphql.accounts.lists import UserFilter, list_users
from tocsin.graphql.accounts.types import ActiveSession, ApiToken, User, to_active_session, to_api_token, to_user
from tocsin.graphql.connections import Connection, PagedField
from tocsin.graphql.context import Info


@strawberry.type
class AccountQueries:
    @strawberry.field(description="The user that the request is authenticated as.")
    async def viewer(self, info: Info) -> User:
        return to_user(await access.require_user(info))


@strawberry.type
class TokenQueries:
    @strawberry.field(description="Your API tokens including expired ones, the latest first. At most 100.")
    async def api_tokens(self, info: Info) -> list[ApiToken]:
        owner = await access.require_owner(info)
        return [to_api_token(token) for token in await api_tokens.list_tokens(owner)]

    @strawberry.field(description="Your sessions that have not ended, the latest first. At most 100.")
    async def sessions(self, info: Info) -> list[ActiveSession]:
        caller = await access.require_identity(info)
        found = await sessions.list_sessions(caller.user.id, clock.now())
        return [to_active_session(session, caller.session_id) for session in found]


@strawberry.type
class AdministrationQueries:
    @strawberry.field(description="All users, newest first. Administrators only.", extensions=[PagedField()])
    async def users(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            UserFilter | None, strawberry.argument(description="Return only the users that match.")
        ] = strawberry.UNSET,
    ) -> Connection[User]:
        await access.require_administrator(info)
        return await list_users(info.context.services, filter, page)

    @strawberry.field(description="The audit log, newest entry first. Administrators only.", extensions=[PagedField()])
    async def audit_log(
        self,
        info: Info,
        page: PageArguments,
        filter: Annotated[
            AuditFilter | None, strawberry.argument(description="Return only the entries that match.")
        ] = strawberry.UNSET,
    ) -> Connection[AuditEntry]:
        await access.require_administrator(info)
        return await list_audit_entries(info.context.services, filter, page)
