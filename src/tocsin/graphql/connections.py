"""Connections of the Relay specification: edges, pages and their positions, for any type of node."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.extensions import FieldExtension
from strawberry.types.arguments import StrawberryArgument
from strawberry.types.field import StrawberryField

from tocsin.documents import paging
from tocsin.documents.keyset import KeysetQuery, encode_cursor
from tocsin.documents.name_pages import NameQuery, encode_name_cursor, fetch_name_page
from tocsin.documents.paging import MAX_COUNT, MAX_FILTERED, Count, Page, PageArguments

T = TypeVar("T")
D = TypeVar("D", bound=Mapping[str, Any])


@strawberry.type(description="Position of a page in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(
        description=(
            "True if more items can follow this page. Only this tells where a list ends: a page whose filter excludes "
            f"more than {MAX_FILTERED:,} items ends there, with fewer items than asked for, even none. Go on from "
            "`endCursor`."
        )
    )
    has_previous_page: bool = strawberry.field(
        description="True if more items can precede this page; see `hasNextPage`."
    )
    start_cursor: str | None = strawberry.field(
        description="Where the preceding page starts, for `before`; null on an empty page without one."
    )
    end_cursor: str | None = strawberry.field(
        description="Where the following page starts, for `after`; null on an empty page without one."
    )


@strawberry.type(description="An item in a connection, with its cursor.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="Cursor of this item, for `after` and `before`.")
    node: T = strawberry.field(description="The item.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    # Lists that no query of the database describes have `cursors` and `count_items` instead of `query`.
    query: strawberry.Private[KeysetQuery[Any] | None]
    page: strawberry.Private[Page[Any]]
    items: strawberry.Private[list[T]]
    cursors: strawberry.Private[list[str] | None] = None
    count_items: strawberry.Private[Callable[[], Coroutine[Any, Any, Count]] | None] = None
    counting: strawberry.Private[asyncio.Task[Count] | None] = None

    @strawberry.field(description="The items on this page, with their cursors.")
    def edges(self) -> list[Edge[T]]:
        cursors = self.cursors
        if not cursors and self.query is not None:
            cursors = [encode_cursor(self.query, row) for row in self.page.rows]
        return [Edge(cursor=cursor, node=item) for cursor, item in zip(cursors or (), self.items, strict=True)]

    @strawberry.field(description="Cursors of this page, and whether there are more pages.")
    def page_info(self) -> PageInfo:
        return _to_page_info(self.page)

    @strawberry.field(description="The items on this page.")
    def nodes(self) -> list[T]:
        return self.items

    @strawberry.field(
        description="Number of items on all pages. Counting stops early in a long list: see `totalCountIsExact`."
    )
    async def total_count(self) -> int:
        return (await self._count()).number

    @strawberry.field(
        description=(
            f"False if there are at least `totalCount` items, because counting stopped: after {MAX_COUNT:,} items, or, "
            f"for a filter other than the status, after looking through {MAX_FILTERED:,}."
        )
    )
    async def total_count_is_exact(self) -> bool:
        return (await self._count()).is_exact

    async def _count(self) -> Count:
        """Count once, for both fields."""
        if self.counting is None:
            self.counting = asyncio.create_task(self._make_count())
        return await self.counting

    async def _make_count(self) -> Count:
        if self.count_items is not None:
            return await self.count_items()
        return Count(len(self.items), is_exact=True) if self.query is None else await paging.count_rows(self.query)


async def connect(query: KeysetQuery[D], arguments: PageArguments, to_node: Callable[[D], T]) -> Connection[T]:
    """Fetch a page of the query and convert its rows. Raises InvalidInput."""
    page = await paging.fetch_page(query, arguments)
    items = [to_node(row) for row in page.rows]
    return Connection(query=query, page=page, items=items)


async def connect_by_name(
    query: NameQuery[D], counted_as: KeysetQuery[D], arguments: PageArguments, to_node: Callable[[D], T]
) -> Connection[T]:
    """Fetch a page of a list by name. `counted_as` selects the same rows. Raises InvalidInput."""
    page = await fetch_name_page(query, arguments)
    cursors = [encode_name_cursor(row) for row in page.rows]
    return Connection(query=counted_as, page=page, items=[to_node(row) for row in page.rows], cursors=cursors)


def _to_page_info(page: Page[Any]) -> PageInfo:
    return PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=page.start_cursor,
        end_cursor=page.end_cursor,
    )


class PagedField(FieldExtension):
    """Gives a field the arguments of a page, which its resolver takes as one `page: PageArguments`.

    Arguments that are absent or null reach the resolver as None.
    """

    def apply(self, field: StrawberryField) -> None:
        """Replace `page` by the four arguments in the schema."""
        own = [argument for argument in field.arguments if argument.python_name != "page"]
        field.arguments = own + [_page_argument(name, *described) for name, described in _PAGE_ARGUMENTS.items()]

    def map_arguments(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """Collect the four arguments in one value."""
        arguments = {name: None if value is strawberry.UNSET else value for name, value in kwargs.items()}
        return {"page": PageArguments(*(arguments.pop(name, None) for name in _PAGE_ARGUMENTS)), **arguments}


_PAGE_ARGUMENTS = {
    "first": (int, "Number of rows from the start, 1 to 100. Default: 20, unless `last` is given."),
    "after": (str, "Return rows after this cursor."),
    "last": (int, "Number of rows from the end, 1 to 100."),
    "before": (str, "Return rows before this cursor."),
}


def _page_argument(name: str, type_: type, description: str) -> StrawberryArgument:
    return StrawberryArgument(
        python_name=name,
        graphql_name=None,
        type_annotation=StrawberryAnnotation(type_ | None),
        description=description,
        default=strawberry.UNSET,
    )
