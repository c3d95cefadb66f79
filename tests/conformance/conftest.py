"""The fixtures of the GraphQL tests."""

from tests.graphql.conftest import api, settings

__all__ = ["api", "settings"]
