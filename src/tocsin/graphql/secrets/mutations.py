"""Mutations of named secrets."""

from typing import Annotated

import strawberry

from tocsin import clock
from tocsin.accounts import Identity, audit
from tocsin.documents import AuditAction
from tocsin.documents.secret_documents import NamedSecretDocument
from tocsin.graphql import access, ids
from tocsin.graphql.arguments import INPUT_ARGUMENT
from tocsin.graphql.context import Info
from tocsin.graphql.payloads import Payload, mutation, payload
from tocsin.graphql.secrets.types import Secret, to_secret
from tocsin.named_secrets.changes import (
    MAX_HOSTS,
    MAX_VALUE_BYTES,
    MIN_VALUE_LENGTH,
    SecretChange,
    delete_secret,
    set_secret,
)


@strawberry.input(description="Input of `setSecret`.")
class SetSecretInput:
    name: str = strawberry.field(
        description=(
            "Name of the secret: 1 to 64 letters, digits and underscores, not beginning with a digit. Case is ignored."
        )
    )
    value: str | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            f"Value: {MIN_VALUE_LENGTH} characters to {MAX_VALUE_BYTES // 1024} KiB. Absent or null keeps the stored "
            "one, unless `allowedHosts` has a host that it could not go to before. Needs `allowedHosts`."
        ),
    )
    allowed_hosts: list[str] | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            f"1 to {MAX_HOSTS} hosts that the secret may be sent to: names such as `hooks.slack.com`, addresses, and "
            "patterns such as `*.example.com` for all names below one. Give them with each value."
        ),
    )


@strawberry.input(description="Input of `deleteSecret`.")
class DeleteSecretInput:
    name: str = strawberry.field(description="Name of the secret. Case is ignored.")


@payload
class SetSecretPayload(Payload):
    secret: Secret | None = strawberry.field(description="The secret after the change; null if there are user errors.")


@payload
class DeleteSecretPayload(Payload):
    deleted_secret_id: strawberry.ID | None = strawberry.field(
        description="Global ID of the deleted secret; null if there are user errors."
    )


@strawberry.type
class SecretMutations:
    @mutation(
        description=(
            "Create a secret, or replace the value or the allowed hosts of the one with this name. Http jobs of tasks "
            "and workflows use it as `${{ secrets.name }}` in the URL, in headers, in the token and in the body. It is "
            "inserted when a request is sent, only for allowed hosts, and never recorded."
        )
    )
    async def set_secret(self, info: Info, input: Annotated[SetSecretInput, INPUT_ARGUMENT]) -> SetSecretPayload:
        who, services = await access.require_identity(info), info.context.services
        value = input.value if isinstance(input.value, str) else None
        hosts = input.allowed_hosts if isinstance(input.allowed_hosts, list) else None
        change = SecretChange(input.name, value, hosts)
        saved = await set_secret(services.database, services.secrets, who.user.id, change, clock.now())
        what = "hosts" if value is None else "value and hosts"
        await _record(info, who, AuditAction.SECRET_SET, saved, f"{what}: {', '.join(saved['allowed_hosts'])}")
        return SetSecretPayload(secret=to_secret(saved))

    @mutation(description="Delete a secret. Runs of jobs that name it fail from then on, with `SECRET_MISSING`.")
    async def delete_secret(
        self, info: Info, input: Annotated[DeleteSecretInput, INPUT_ARGUMENT]
    ) -> DeleteSecretPayload:
        who = await access.require_identity(info)
        deleted = await delete_secret(info.context.services.database, who.user.id, input.name)
        await _record(info, who, AuditAction.SECRET_DELETED, deleted)
        return DeleteSecretPayload(deleted_secret_id=strawberry.ID(ids.encode_id("Secret", deleted["_id"])))


async def _record(
    info: Info, who: Identity, action: AuditAction, secret: NamedSecretDocument, what: str | None = None
) -> None:
    """Add an entry to the audit log: whoever changes a secret decides what programs of others do."""
    detail = secret["name"] if what is None else f"{secret['name']}, {what}"
    await audit.record(action, access.audit_actor(info, who), who.user, detail=detail)
