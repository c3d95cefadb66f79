"""Queries of named secrets."""

import strawberry

from tocsin.graphql import access
from tocsin.graphql.context import Info
from tocsin.graphql.secrets.types import Secret, to_secret
from tocsin.named_secrets.changes import MAX_SECRETS
from tocsin.named_secrets.store import list_secrets


@strawberry.type
class SecretQueries:
    @strawberry.field(description=f"Your secrets by name, without their values; there are at most {MAX_SECRETS}.")
    async def secrets(self, info: Info) -> list[Secret]:
        owner = await access.require_owner(info)
        return [to_secret(secret) for secret in await list_secrets(info.context.services.database, owner)]
