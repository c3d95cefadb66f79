"""Limits of one document, from the settings. The errors name the limit, the actual value and the allowed one.

They are checked before validation, so that refusing an oversized document is cheap.
"""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError

from tocsin.config import Settings
from tocsin.graphql.limits.query_cost import OperationCost

MAX_DEFINITIONS = 60
"""Operations and fragments in one document. Validation compares fragments with each other."""


def find_excess(document: DocumentNode, cost: OperationCost, settings: Settings) -> GraphQLError | None:
    """Return a TOO_COMPLEX error for the first limit that the document exceeds; None if it exceeds none."""
    message = next(_exceeded(document, cost, settings), None)
    return None if message is None else too_complex_error(message)


def too_complex_error(message: str) -> GraphQLError:
    """Return an error with the code TOO_COMPLEX."""
    return GraphQLError(message, extensions={"code": "TOO_COMPLEX"})


def _exceeded(document: DocumentNode, cost: OperationCost, settings: Settings) -> Iterator[str]:
    selection, definitions = cost.selection, len(document.definitions)
    if definitions > MAX_DEFINITIONS:
        yield f"The document has {definitions} operations and fragments; at most {MAX_DEFINITIONS} are allowed."
    if selection.depth > settings.max_depth:
        yield f"The fields are nested {selection.depth} deep; at most {settings.max_depth} levels are allowed."
    if selection.width > settings.max_root_fields:
        yield f"The operation has {selection.width:,} root fields; at most {settings.max_root_fields} are allowed."
    if selection.aliases > settings.max_aliases:
        yield f"The operation has {selection.aliases:,} aliases; at most {settings.max_aliases} are allowed."
    if cost.cost > settings.max_cost:
        yield (
            f"The operation costs {cost.cost:,} points; at most {settings.max_cost:,} are allowed. "
            "Request smaller pages or fewer fields."
        )
