"""The context of resolvers: shared services, and the authenticated request."""

import asyncio
import contextlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import cast

import strawberry
from pymongo.errors import PyMongoError
from starlette.requests import Request
from strawberry.fastapi import BaseContext

from tocsin.accounts import Accounts, Actor, Identity, LinkFlows
from tocsin.accounts.approval_requests import ApprovalRequestRules
from tocsin.accounts.mail_address_flows import MailAddressFlows
from tocsin.accounts.rate_limiter import RateLimiter
from tocsin.cancellation import raise_if_cancelled
from tocsin.config import Settings
from tocsin.dispatch.wait_reasons import WaitReason
from tocsin.documents import Database, RunDocument, Scope
from tocsin.errors import DatabaseUnavailable, TokenExpired, Unauthenticated
from tocsin.events import Fanout
from tocsin.execution.callbacks import CallbackReceiver
from tocsin.graphql.accounts.refresh_cookies import RefreshCookie
from tocsin.graphql.callers import Caller, CallerSlots
from tocsin.graphql.limits.long_polls import LongPolls
from tocsin.graphql.limits.refusal_log import RefusalLog
from tocsin.graphql.loaders import DocumentLoaders
from tocsin.graphql.mutation_completion import AbandonedMutations
from tocsin.graphql.sharing.groups import SubscriptionGroups
from tocsin.graphql.sharing.identity import Permissions
from tocsin.graphql.system.state import ProcessState
from tocsin.jobs.base import Compute
from tocsin.jobs.file_storage import FileStorage
from tocsin.outbound.http_client import HttpClient
from tocsin.public_links.cache import StatusCache
from tocsin.public_links.reading import read_public_status
from tocsin.quotas import Quotas
from tocsin.quotas.disk_monitor import DiskMonitor
from tocsin.security.gcra import network_key
from tocsin.security.public_link_tokens import PublicLinkTokens
from tocsin.security.secret_box import SecretBox
from tocsin.security.unsubscribe_links import UnsubscribeLinks
from tocsin.statistics.service import Statistics
from tocsin.wakeups import Wakeups
from tocsin.workflows.approval_refusals import ApprovalRefusals
from tocsin.workflows.versions import VersionCache

TOKEN_CHECK_SECONDS = 30.0
"""Interval at which an open connection checks its token again, in case a signal about its end was lost."""
EXPIRY_MESSAGE = "The access token has expired. Get a new one and reconnect with it."


@dataclass(frozen=True)
class Services:
    """Dependencies of the API. One instance per process, used in one event loop.

    `fingerprint_key` keys the digests of inputs that are stored with idempotency keys.
    `http` calls servers for users. `find_wait_reason` returns the reason why a run waits. `compute` runs CPU-bound
    work; without it a thread does.
    """

    database: Database
    settings: Settings
    accounts: Accounts
    mailing: LinkFlows
    secrets: SecretBox
    fanout: Fanout
    fingerprint_key: bytes = field(repr=False)
    wakeups: Wakeups
    versions: VersionCache
    files: FileStorage
    unsubscribe_links: UnsubscribeLinks
    quotas: Quotas
    disk: DiskMonitor
    http: HttpClient
    callbacks: CallbackReceiver
    public_links: PublicLinkTokens
    statistics: Statistics
    find_wait_reason: Callable[[RunDocument], WaitReason | None] = lambda _: None
    compute: Compute | None = None
    process: ProcessState = field(default_factory=ProcessState)

    @cached_property
    def loaders(self) -> DocumentLoaders:
        """Loaders that batch reads by ID."""
        return DocumentLoaders(self.database, self.versions, self.refusals, self.statistics)

    @cached_property
    def refusals(self) -> ApprovalRefusals:
        """Finder of the reasons for which users were not asked to decide."""
        return ApprovalRefusals(ApprovalRequestRules.from_settings(self.settings))

    @cached_property
    def rates(self) -> RateLimiter:
        """Rate limits by address, account and cost."""
        return RateLimiter(self.database, self.settings)

    @cached_property
    def mail_addresses(self) -> MailAddressFlows:
        """Other addresses for mails."""
        return MailAddressFlows(self.database, self.settings, self.secrets)

    @cached_property
    def public_statuses(self) -> StatusCache:
        """The reader of what badges and status pages show."""
        return StatusCache(partial(read_public_status, self.database, self.statistics))

    @cached_property
    def subscription_groups(self) -> SubscriptionGroups:
        """Subscriptions that share their events."""
        return SubscriptionGroups(self.fanout)

    @cached_property
    def long_polls(self) -> LongPolls:
        """Long polls in progress by user."""
        return LongPolls()

    @cached_property
    def abandoned_mutations(self) -> AbandonedMutations:
        """Mutations in progress whose callers have left."""
        return AbandonedMutations()

    @cached_property
    def slots(self) -> CallerSlots:
        """Operations in progress by caller."""
        return CallerSlots()

    @cached_property
    def refusal_log(self) -> RefusalLog:
        """Log of refused callers."""
        return RefusalLog()


class Context(BaseContext):
    """One HTTP request, or one WebSocket connection.

    `token` is its bearer token, `address` the client's IP address, `user_agent` the header of that name. `on_known` is
    called with the user's ID each time the token is verified. `last_event_id` is the cursor of the last event that a
    stream received which reconnects, and `event_cursor` that of the latest event of this one. `refresh_cookie` is set
    for requests of Tocsin's own pages that begin, renew or end their session.
    """

    def __init__(
        self,
        services: Services,
        request_id: str,
        token: str | None,
        address: str = "",
        user_agent: str = "",
        on_known: Callable[[str], None] | None = None,
        last_event_id: str | None = None,
    ) -> None:
        super().__init__()
        self.services = services
        self.request_id = request_id
        self.token = token
        self.address = address
        self.user_agent = user_agent
        self.on_authenticated = on_known or (lambda _user: None)
        self.caller: Caller | None = None
        self.last_event_id = last_event_id
        self.event_cursor: str | None = None
        self.refresh_cookie: RefreshCookie | None = None
        self._identity: Identity | None = None

    @property
    def actor(self) -> Actor:
        """The client for the audit log, before the user is known."""
        return Actor(address=self.address, user_agent=self.user_agent)

    def log_refusal(self, code: object, message: str) -> None:
        """Log that the caller was refused with this error code."""
        caller = self.caller.key if self.caller else network_key(self.address)
        self.services.refusal_log.record(
            str(code), message, caller=caller, address=self.address, request_id=self.request_id
        )

    async def count_attempt(self, what: str, email: str | None = None) -> None:
        """Count an attempt at a mutation against the limits of the address and the account. Raises RateLimited."""
        await self.services.rates.count_attempt(what, self.address, email)

    async def note_login(self, email: str) -> None:
        """Record a successful log-in to this account from this address."""
        await self.services.rates.record_success(self.address, email)

    async def authenticate(self) -> Identity | None:
        """Return the authenticated caller; None without a token. Raises Unauthenticated for an invalid token.

        Over a WebSocket the token is verified on every call, because a connection can outlive it.
        """
        if self.token is None or (self._identity is not None and not self.is_websocket):
            return self._identity
        self._identity = await self.services.accounts.authenticate(self.token)
        self.on_authenticated(self._identity.user.id)
        return self._identity

    @property
    def can_read(self) -> bool:
        """True if the verified token has the scope READ, and without a token."""
        return self._identity is None or Scope.READ in self._identity.scopes

    @property
    def identity(self) -> Identity | None:
        """The caller as last authenticated; another object after each time."""
        return self._identity

    @property
    def sees_suggestions(self) -> bool:
        """True if the caller gets suggestions ("Did you mean …?") in errors."""
        return self.caller is not None and self.caller.is_among(self.services.settings.suggestions)

    @property
    def permissions(self) -> Permissions:
        """What the caller may see. Without a verified token: nothing that belongs to a user."""
        known = self._identity
        scopes, is_admin = (frozenset[Scope](), False) if known is None else (known.scopes, known.user.is_admin)
        return Permissions(scopes, is_admin, self.sees_suggestions)

    @property
    def is_websocket(self) -> bool:
        """True for a WebSocket connection."""
        return self.request is not None and self.request.scope["type"] == "websocket"

    async def wait_for_disconnect(self) -> None:
        """Wait until the client of an HTTP request is gone. A WebSocket cancels its operations instead."""
        if self.request is None or self.is_websocket:
            await asyncio.get_running_loop().create_future()
            return
        request = cast("Request", self.request)
        while (await request.receive())["type"] != "http.disconnect":
            raise_if_cancelled()

    async def wait_for_token_end(self) -> Unauthenticated:
        """Wait until the verified token becomes invalid and return the reason as an error.

        Meanwhile the identity follows changes of the account, such as the loss of administrator rights.
        """
        if self._identity is None or self.token is None:
            raise RuntimeError("the context is not authenticated")
        with self.services.fanout.access_signals.watch(self._identity.user.id) as changed:
            while (left := _seconds_until(self._identity.expires_at)) > 0:
                raise_if_cancelled()
                try:
                    self._identity = await self.services.accounts.authenticate(self.token)
                except Unauthenticated as error:
                    return error
                except (PyMongoError, DatabaseUnavailable):
                    await asyncio.sleep(min(left, 1.0))
                    continue
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, TOKEN_CHECK_SECONDS)):
                        await changed.wait()
                changed.clear()
        return TokenExpired(EXPIRY_MESSAGE)


def _seconds_until(moment: datetime | None) -> float:
    return math.inf if moment is None else (moment - datetime.now(UTC)).total_seconds()


Info = strawberry.Info[Context, None]
