"""Fixtures of the tests of deliveries."""

import pytest

from tests.notifications.helpers import ALICE, START, Clock
from tocsin.documents import Database, User


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
async def alice(database: Database) -> User:
    return await User(id="u1", email=ALICE, password="-", created_at=START).insert()
