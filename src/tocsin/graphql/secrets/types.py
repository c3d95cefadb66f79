"""The output type of named secrets. Their values are never returned."""

from datetime import datetime

import strawberry

from tocsin.documents.secret_documents import NamedSecretDocument
from tocsin.graphql import ids
from tocsin.graphql.node import SECRET, Node, converter_to


@strawberry.type(
    description=(
        "A secret of your account that http jobs use by its name: `${{ secrets.name }}`. Its value is never returned."
    )
)
class Secret(Node):
    name: str = strawberry.field(description="Name of the secret, as it was first written. Case is ignored.")
    allowed_hosts: list[str] = strawberry.field(
        description="Hosts that it may be sent to: names, addresses, and patterns such as `*.example.com`."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    updated_at: datetime = strawberry.field(description="Time of the last change.")
    value_set_at: datetime = strawberry.field(description="Time at which its value was last given.")


@converter_to(SECRET)
def to_secret(secret: NamedSecretDocument) -> Secret:
    """Convert a stored secret."""
    return Secret(
        id=strawberry.ID(ids.encode_id("Secret", secret["_id"])),
        name=secret["name"],
        allowed_hosts=secret["allowed_hosts"],
        created_at=secret["created_at"],
        updated_at=secret["updated_at"],
        value_set_at=secret["value_set_at"],
    )
