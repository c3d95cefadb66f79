"""Processes with a keyring each over one database, for tests of keys and their rotation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from tocsin import clock
from tocsin.documents import Database
from tocsin.keys import keyring
from tocsin.keys.keyring import Keyring
from tocsin.periodic import Periodic
from tocsin.security.access_tokens import AccessTokens
from tocsin.security.key_files import InstallationKeys
from tocsin.security.secret_box import SecretBox

HOUR = timedelta(hours=1)
KEYS = InstallationKeys("j" * 40, b"k" * 32)


class Process:
    """A keyring with its tokens and secrets. With a name it acknowledges keys, as a server does."""

    def __init__(self, database: Database, keys: InstallationKeys = KEYS, name: str | None = None) -> None:
        self.tokens = AccessTokens(keys.jwt_secret, HOUR)
        self.secrets = SecretBox(keys.encryption, keys.former)
        self.keyring = Keyring(database, keys, self.tokens, self.secrets, name)
        self.name = name

    def token(self) -> str:
        """Issue a token."""
        return self.tokens.issue("alice", clock.now())[0]


@asynccontextmanager
async def serving(database: Database, keys: InstallationKeys = KEYS, name: str = "one") -> AsyncIterator[Process]:
    """Run a process that has a lease and reads the keys periodically."""
    process = Process(database, keys, name)
    await alive(database, name)
    await process.keyring.start()
    reading = Periodic("keyring", process.keyring.load, keyring.POLL_SECONDS)
    reading.start()
    try:
        yield process
    finally:
        await reading.stop()


async def alive(database: Database, name: str) -> None:
    """Give this process a lease."""
    await database.workers.insert_one({"_id": name, "until": clock.now() + HOUR / 6})
