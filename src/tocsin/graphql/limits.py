"""What one document may ask for: the limits of the settings, and errors that say which, how much, and what is allowed.

They are held before a document is validated, so a document that asks for too much is not expensive to refuse.
"""

from collections.abc import Iterator

from graphql import DocumentNode, GraphQLError

from tocsin.config import Settings
from tocsin.graphql.weighing import Weighed

MAX_DEFINITIONS = 60
"""Operations and fragments of one document: validation compares fragments with each other."""


def excess(document: DocumentNode, weighed: Weighed, settings: Settings) -> GraphQLError | None:
    """What the document asks too much of, as an error with the code TOO_COMPLEX; None if it may be answered."""
    fault = next(_faults(document, weighed, settings), None)
    return None if fault is None else too_complex(fault)


def too_complex(message: str) -> GraphQLError:
    """The error that refuses a document."""
    return GraphQLError(message, extensions={"code": "TOO_COMPLEX"})


def _faults(document: DocumentNode, weighed: Weighed, settings: Settings) -> Iterator[str]:
    weight, definitions = weighed.weight, len(document.definitions)
    if definitions > MAX_DEFINITIONS:
        yield f"The document has {definitions} operations and fragments; at most {MAX_DEFINITIONS} are allowed."
    if weight.depth > settings.max_depth:
        yield f"The fields are nested {weight.depth} deep; at most {settings.max_depth} levels are allowed."
    if weight.width > settings.max_root_fields:
        yield f"The operation has {weight.width:,} root fields; at most {settings.max_root_fields} are allowed."
    if weight.aliases > settings.max_aliases:
        yield f"The operation has {weight.aliases:,} aliases; at most {settings.max_aliases} are allowed."
    if weighed.cost > settings.max_cost:
        yield (
            f"The operation costs {weighed.cost:,} points; at most {settings.max_cost:,} are allowed. "
            "Ask for smaller pages or fewer fields."
        )
