"""Administrative commands to the server before clients may use it."""

import secrets
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure

from tocsin import clock
from tocsin.embedded.data_directory import USER

TIMEOUT_SECONDS = 4.0
AUTHENTICATION_FAILED = 18
USER_EXISTS = 51003
DATABASE_NAME = "tocsin_embedded"


def open_client(uri: str) -> AsyncMongoClient[dict[str, Any]]:
    """Return a client with short timeouts, to be used with `async with`."""
    milliseconds = int(TIMEOUT_SECONDS * 1000)
    return AsyncMongoClient(uri, serverSelectionTimeoutMS=milliseconds, socketTimeoutMS=milliseconds)


async def set_password(uri: str, password: str) -> None:
    """Create the database's only user, or change its password. Raises PyMongoError."""
    async with open_client(uri) as client:
        try:
            await client.admin.command("createUser", USER, pwd=password, roles=["root"])
        except OperationFailure as error:
            if error.code != USER_EXISTS:
                raise
            await client.admin.command("updateUser", USER, pwd=password)


async def end_sessions(uri: str) -> None:
    """End all sessions, including the locks of clients that died in a transaction. Raises PyMongoError."""
    async with open_client(uri) as client:
        await client.admin.command("killAllSessions", [])


async def fetch_instance_id(uri: str, *, create: bool) -> str | None:
    """Return the id in the database's instance document; None if it does not exist and `create` is false.

    Raises PyMongoError.
    """
    async with open_client(uri) as client:
        collection = client[DATABASE_NAME]["instance"]
        found = await collection.find_one({"_id": "instance"})
        if found is None and create:
            found = {"_id": "instance", "instance": secrets.token_hex(16), "created_at": clock.now()}
            await collection.insert_one(found)
        return None if found is None else str(found["instance"])
