"""The `Node` interface of the Relay specification."""

import strawberry


@strawberry.interface(description="An object that can be fetched by its global ID.")
class Node:
    id: strawberry.ID = strawberry.field(description="Global ID of the object. Opaque: do not parse it.")
