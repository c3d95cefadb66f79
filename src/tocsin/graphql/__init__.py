"""The GraphQL API: types and resolvers, joined in `schema.py`. Decisions are made in the layers below."""

from tocsin.graphql import enums  # first: enums must be described before a type uses one
from tocsin.graphql.context import Context, Services

__all__ = ["Context", "Services", "enums"]
