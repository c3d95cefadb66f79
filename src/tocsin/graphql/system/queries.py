"""Queries of the installation and its system."""

import strawberry

from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.system.types import Installation, System, read_system, to_installation


@strawberry.type
class SystemQueries:
    @strawberry.field(description="What anyone may know about this installation. Requires no token.")
    async def installation(self, info: Info) -> Installation:
        return to_installation(info.context.services)

    @strawberry.field(description="The state of this installation. Administrators only.")
    async def system(self, info: Info) -> System:
        await access.require_administrator(info)
        return await read_system(info.context.services)
