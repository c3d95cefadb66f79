"""The `Node` interface and `PageInfo` of the Relay specification."""

import strawberry


@strawberry.interface(description="An object that can be fetched by its global ID.")
class Node:
    id: strawberry.ID = strawberry.field(description="Global ID of the object. Opaque: do not parse it.")


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="True if more items are known to follow this page.")
    has_previous_page: bool = strawberry.field(description="True if more items are known to precede this page.")
    start_cursor: str | None = strawberry.field(
        description="Cursor of the first item, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item, for `after`; null on an empty page."
    )
