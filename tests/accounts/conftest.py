from datetime import timedelta

import pytest

from tests.harness import make_settings
from tocsin.accounts import Accounts
from tocsin.documents import Database
from tocsin.security.access_tokens import AccessTokens

TOKENS = AccessTokens("s" * 40, timedelta(hours=1))


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, make_settings(), TOKENS, b"k" * 32)
