"""Limits on the open connections of a process, in total and per network address.

They apply before a handshake or a request costs anything. When all places are taken, an anonymous connection makes
room: the oldest of the address that has the most. So a flood of anonymous connections locks nobody out.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from enum import Enum

from tocsin import telemetry
from tocsin.security.gcra import network_key

_SPARE_DESCRIPTORS, _DESCRIPTORS_OF_A_CALL = 200, 4
MIN_CONNECTIONS = 64
"""Minimum of the connection limit, however few descriptors the process has."""
_LOG_SECONDS = 60.0
log = telemetry.get_logger(__name__)


def spare_descriptors(max_concurrency: int) -> int:
    """Return the file descriptors to reserve for everything but client connections: calls, the database, files."""
    return _SPARE_DESCRIPTORS + _DESCRIPTORS_OF_A_CALL * max_concurrency


class ConnectionRefusal(Enum):
    """A reason to refuse a connection, with its status and message."""

    ADDRESS_LIMIT = (429, "Too many connections from this network address. Close some, or try again later.")
    SERVER_FULL = (503, "The server has reached its connection limit. Try again later.")

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message


class Connection:
    """One open connection. `abort` closes it immediately."""

    def __init__(self, table: "ConnectionTable", key: str, abort: Callable[[], None], *, of_proxy: bool) -> None:
        self._table = table
        self.address_key = key
        self.abort = abort
        self.is_authenticated = False
        self.user_id: str | None = None
        """The id of the user whom the connection counts for, if any."""
        self.is_from_proxy = of_proxy
        """Whether only the address of a proxy is known; the client's address comes with a request."""

    def assign_address(self, address: str) -> bool:
        """Count a proxy's connection for this client address. Returns False if the address is at its limit."""
        return self._table.assign_address(self, address)

    def mark_authenticated(self, user: str) -> None:
        """Mark the connection as authenticated by this user, so that it is not closed to make room.

        One that carries the requests of a proxy's clients is not marked, because the next request may be another's.
        """
        self.is_authenticated = not self.is_from_proxy
        self._table.assign_user(self, user)

    def begin_request(self) -> bool:
        """Return whether the request before was authenticated. The mark is removed until this one is."""
        was_authenticated, self.is_authenticated = self.is_authenticated, False
        return was_authenticated

    def close(self) -> None:
        """Release its place. Calling it twice is no error."""
        self._table.close(self)


class ConnectionTable:
    """All open connections: at most `max_connections` in total and `max_per_address` per network address.

    IPv6 addresses count by their /64. Up to `max_per_address` authenticated connections of one user, from any
    address, are kept when all places are taken; further ones make room like anonymous ones. Addresses for which
    `is_proxy` is true have no limit of their own.
    """

    def __init__(
        self, max_connections: int, max_per_address: int, is_proxy: Callable[[str], bool] = lambda _: False
    ) -> None:
        self._max_connections = max_connections
        self._max_per_address = max_per_address
        self._is_proxy = is_proxy
        self._open: set[Connection] = set()
        self._of_address: Counter[str] = Counter()
        self._of_user: Counter[str] = Counter()
        self._anonymous: defaultdict[str, dict[Connection, None]] = defaultdict(dict)
        self._logged_at = float("-inf")

    def __len__(self) -> int:
        return len(self._open)

    def open(self, address: str, abort: Callable[[], None]) -> Connection | ConnectionRefusal:
        """Take a place for a connection from this address. Returns the reason if there is none."""
        of_proxy = self._is_proxy(address)
        new = Connection(self, "" if of_proxy else network_key(address), abort, of_proxy=of_proxy)
        if self._has_too_many(new.address_key):
            return ConnectionRefusal.ADDRESS_LIMIT
        if len(self._open) >= self._max_connections and not self._make_room(new.address_key):
            return ConnectionRefusal.SERVER_FULL
        self._open.add(new)
        self._count(new)
        telemetry.CONNECTIONS.inc()
        return new

    def assign_address(self, connection: Connection, address: str) -> bool:
        """Count a proxy's connection for this client address. Returns False if the address is at its limit."""
        key = network_key(address)
        if connection not in self._open or self._has_too_many(key):
            return False
        connection.address_key, connection.is_from_proxy = key, False
        self._count(connection)
        return True

    def assign_user(self, connection: Connection, user: str) -> None:
        """Count a connection for this user, and keep it open when places run out, up to the user's limit."""
        is_new = connection.user_id is None and not connection.is_from_proxy and connection in self._open
        if is_new and self._of_user[user] < self._max_per_address:
            self._of_user[user] += 1
            connection.user_id = user
            self._anonymous.get(connection.address_key, {}).pop(connection, None)

    def close(self, connection: Connection) -> None:
        """Release a place. Releasing it twice is no error."""
        if connection not in self._open:
            return
        self._open.discard(connection)
        telemetry.CONNECTIONS.dec()
        if connection.is_from_proxy:
            return
        self._of_address[connection.address_key] -= 1
        self._anonymous.get(connection.address_key, {}).pop(connection, None)
        self._forget_user(connection)
        if self._of_address[connection.address_key] <= 0:
            del self._of_address[connection.address_key]
            self._anonymous.pop(connection.address_key, None)

    def _forget_user(self, connection: Connection) -> None:
        if connection.user_id is not None:
            self._of_user[connection.user_id] -= 1
            if self._of_user[connection.user_id] <= 0:
                del self._of_user[connection.user_id]

    def _count(self, connection: Connection) -> None:
        if not connection.is_from_proxy:
            self._of_address[connection.address_key] += 1
            self._anonymous[connection.address_key][connection] = None

    def _has_too_many(self, key: str) -> bool:
        too_many = self._of_address[key] >= self._max_per_address if key else False
        if too_many:
            self._log_limit("a network address has reached its connection limit", key)
        return too_many

    def _make_room(self, key: str) -> bool:
        """Close the oldest anonymous connection of the address that has the most. False if that is `key` itself."""
        crowded = max(self._anonymous, key=lambda address: len(self._anonymous[address]), default=key)
        self._log_limit("the server has reached its connection limit", crowded)
        candidates = self._anonymous.get(crowded, {})
        if not candidates or crowded == key:
            return False
        oldest = next(iter(candidates))
        self.close(oldest)
        oldest.abort()
        return True

    def _log_limit(self, event: str, key: str) -> None:
        """Log at most one line a minute, so that a flood does not fill the log."""
        if time.monotonic() - self._logged_at >= _LOG_SECONDS:
            self._logged_at = time.monotonic()
            log.warning(
                event,
                address=key,
                of_address=self._of_address[key],
                connections=len(self._open),
                most=self._max_connections,
            )
