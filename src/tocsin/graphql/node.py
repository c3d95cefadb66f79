"""What can be fetched by its id, and how pages of it look."""

import strawberry


@strawberry.interface(description="Something that can be fetched alone, by its global id.")
class Node:
    id: strawberry.ID = strawberry.field(description="The global id, opaque: use it as it is.")


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether rows follow this page, as far as is known.")
    has_previous_page: bool = strawberry.field(description="Whether rows come before this page, as far as is known.")
    start_cursor: str | None = strawberry.field(
        description="The cursor of the first row, for `before`; null on an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last row, for `after`; null on an empty page."
    )
