"""A second database, to restore into."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from tocsin import documents
from tocsin.documents import Database


@pytest.fixture
async def empty(mongodb_uri: str) -> AsyncIterator[Database]:
    """Yield an empty database to restore into."""
    opened = await documents.connect(mongodb_uri, f"test_{uuid4().hex[:12]}")
    yield opened
    await opened.client.drop_database(opened.name)
    await opened.close()
