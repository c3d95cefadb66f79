"""The API as the tests of GraphQL have it."""

from tests.graphql.conftest import api, settings

__all__ = ["api", "settings"]
