"""Fixtures of the tests of Apprise: those of the API too."""

from tests.graphql.conftest import api, settings

__all__ = ["api", "settings"]
