"""What resolvers may use, and who is asking."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import jwt
import strawberry
from strawberry.fastapi import BaseContext

from tocsin.accounts import Accounts
from tocsin.config import Settings
from tocsin.documents import Database, User
from tocsin.errors import Unauthenticated
from tocsin.events import Fanout
from tocsin.graphql.loaders import Loaders
from tocsin.security.secrets import SecretBox

_MISSING = "This needs an access token. Log in, and send it as `Authorization: Bearer <token>`."


@dataclass(frozen=True)
class Services:
    """What the API stands on; one for the whole process, used in one event loop.

    `fingerprint_key` keys the digests of inputs that idempotency keys are compared by. `on_due` is called after
    anything that writes a due time, `on_queued` after anything that queues a run, `on_cancel` with the id of each
    RUNNING run that is to be aborted.
    """

    database: Database
    settings: Settings
    accounts: Accounts
    secrets: SecretBox
    fanout: Fanout
    fingerprint_key: bytes = field(repr=False)
    on_due: Callable[[datetime | None], None]
    on_queued: Callable[[], None]
    on_cancel: Callable[[str], None]
    loaders: Loaders = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "loaders", Loaders(self.database))


class Context(BaseContext):
    """One HTTP request, or one WebSocket connection.

    `token` is the bearer token that came with it, `address` the client's IP address, `user_agent` what it calls itself.
    """

    def __init__(
        self, services: Services, request_id: str, token: str | None, address: str = "", user_agent: str = ""
    ) -> None:
        super().__init__()
        self.services = services
        self.request_id = request_id
        self.token = token
        self.address = address
        self.user_agent = user_agent
        self._user: User | None = None

    async def user(self) -> User:
        """Who is asking. The one way to it for every resolver that needs a user. Raises Unauthenticated.

        Over a WebSocket it is asked anew each time, since a connection may outlive the account.
        """
        if self._user is not None:
            return self._user
        if self.token is None:
            raise Unauthenticated(_MISSING)
        user = await self.services.accounts.authenticate(self.token)
        if self.request is not None and self.request.scope["type"] == "http":
            self._user = user
        return user

    async def still_allowed(self) -> None:
        """Ask the database again, however long this request has lasted. Raises Unauthenticated."""
        if self.token is not None:
            await self.services.accounts.authenticate(self.token)

    async def owner(self) -> str:
        """The id of who is asking. Raises Unauthenticated."""
        return (await self.user()).id

    def expires_at(self) -> datetime | None:
        """When the token expires; None without a token. It is read only after the token was found valid."""
        if self.token is None:
            return None
        claims = jwt.decode(self.token, options={"verify_signature": False})
        return datetime.fromtimestamp(claims["exp"], UTC)


Info = strawberry.Info[Context, None]
