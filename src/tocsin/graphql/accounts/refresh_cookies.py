"""The refresh token of a page, which the browser keeps in a cookie that no script can read.

A page that is loaded again renews its session. If each load used up the token, a load that is broken off before its
response arrives would leave the browser with a used one, which looks like theft. So the token is replaced at intervals
only.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.accounts import Accounts, Actor, SessionTokens
from tocsin.errors import InvalidInput, UserError, UserErrorCode

ROTATION_INTERVAL = timedelta(minutes=5)
"""The time for which a page's refresh token can be used repeatedly."""


@dataclass(slots=True)
class RefreshCookie:
    """The cookie of one request. `tokens` are the refresh tokens in it: several if another site has added one.

    `answer` is the token that the response stores in the cookie: empty to delete it, None to leave it as it is.
    """

    tokens: tuple[str, ...] = field(repr=False)
    answer: str | None = field(default=None, repr=False)

    async def keep_opened(self, accounts: Accounts, grant: SessionTokens, actor: Actor) -> None:
        """Keep the token of a session that was just opened, and end those that it replaces."""
        await self.end(accounts, actor)
        self._store(grant.refresh_token)

    async def renew(self, accounts: Accounts, actor: Actor) -> SessionTokens:
        """Renew the session of the cookie. Raises UserError SESSION_ENDED.

        A token that is not valid stays in the cookie: another tab may be replacing it at this moment.
        """
        if len(self.tokens) != 1:
            raise UserError(UserErrorCode.SESSION_ENDED, "You are not logged in in this browser.", ("refreshToken",))
        grant = await accounts.refresh_tokens(self.tokens[0], actor, keep_for=ROTATION_INTERVAL)
        if grant.refresh_token != self.tokens[0]:
            self._store(grant.refresh_token)
        return grant

    async def end(self, accounts: Accounts, actor: Actor) -> None:
        """End the sessions of the cookie, and delete the cookie. One that another site has added goes, too."""
        for token in self.tokens:
            await accounts.log_out(token, actor)
        self.tokens, self.answer = (), ""

    def _store(self, token: str) -> None:
        self.tokens, self.answer = (token,), token


def refuse_token(refresh_token: str | None) -> None:
    """Raise InvalidInput if a request with a cookie names another refresh token."""
    if refresh_token:
        raise InvalidInput("Here the refresh token is in a cookie. Leave the field out.", "refreshToken")
