"""Filters and lists of users."""

import strawberry

from tocsin import documents
from tocsin.accounts.listing import query_users
from tocsin.documents import UserDocument
from tocsin.documents.paging import PageArguments
from tocsin.graphql.accounts.types import User, to_user
from tocsin.graphql.arguments import prefix_errors
from tocsin.graphql.connections import Connection, connect
from tocsin.graphql.context import Services


@strawberry.input(description="Filters for users, combined with AND.")
class UserFilter:
    email: str | None = strawberry.field(
        default=strawberry.UNSET, description="Users whose address contains this text, ignoring case."
    )
    is_active: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True for active users only, false for deactivated users only."
    )
    is_admin: bool | None = strawberry.field(
        default=strawberry.UNSET, description="True for administrators only, false for regular users only."
    )


async def list_users(services: Services, filter_: UserFilter | None, page: PageArguments) -> Connection[User]:
    """Return a page of all users, newest first. Raises InvalidInput."""
    filter_ = filter_ or UserFilter()
    with prefix_errors("filter"):
        query = query_users(
            services.database,
            filter_.email or None,
            is_active=filter_.is_active if isinstance(filter_.is_active, bool) else None,
            is_admin=filter_.is_admin if isinstance(filter_.is_admin, bool) else None,
        )
    return await connect(query, page, _row_to_user)


def _row_to_user(row: UserDocument) -> User:
    """Convert the row of a list, which is read without the password."""
    return to_user(documents.User.model_validate({**row, "password": ""}))
