"""The errors that Tocsin raises. Expected outcomes (a failed attempt, a refused input) are mostly values, not errors.

TocsinError
├── StartError            the process cannot start: its message is one sentence for the operator
│   ├── SettingsError     a setting is wrong or missing; names the variable
│   └── EmbeddedDatabaseError   the embedded database cannot start or was lost
├── UserError             the caller's input is at fault: field, code, message (the API's `userErrors`)
│   ├── InvalidInput      a value is wrong
│   │   └── SeveralInvalid    several are: `all` has each of them
│   ├── NotFound          unknown, or someone else's: the caller cannot tell which
│   ├── Conflict          the thing is not in a state that allows it, or changed meanwhile
│   ├── IdempotencyKeyReused
│   └── QuotaExceeded     the caller has used up what they may have of something
├── Unauthenticated       no token
│   ├── TokenInvalid      one that is wrong, was revoked, or whose session or account has ended
│   └── TokenExpired      one that was good until it expired
├── Forbidden             a valid token that does not allow this
├── RateLimited           too often; says when to come back
├── StorageLow            the disk is nearly full: nothing new is accepted
└── DatabaseUnavailable   the database does not answer; nothing was acknowledged
    └── PartlyDone        it failed in the middle of a call that writes more than once
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, ClassVar, TypeVar

Part = TypeVar("Part")


class TocsinError(Exception):
    """Anything that Tocsin raises on purpose."""


class StartError(TocsinError):
    """The process cannot start. The message is one readable sentence for the operator."""


class SettingsError(StartError):
    """A setting is wrong or missing. The message names the environment variable."""


class EmbeddedDatabaseError(StartError):
    """The embedded database cannot be used. The message says what is wrong with which directory."""


class UserErrorCode(Enum):
    """What kind of fault a `userErrors` entry reports."""

    INVALID = "INVALID"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    EMAIL_TAKEN = "EMAIL_TAKEN"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    SIGN_UP_CLOSED = "SIGN_UP_CLOSED"
    SESSION_ENDED = "SESSION_ENDED"
    LINK_INVALID = "LINK_INVALID"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"


class UserError(TocsinError):
    """The caller's input is at fault.

    `path` leads to the faulty place in the input, in the API's camelCase; empty when no single field is at fault.
    """

    def __init__(self, code: UserErrorCode, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path

    @property
    def all(self) -> "tuple[UserError, ...]":
        """All faults that were found together; mostly this one alone."""
        return (self,)

    def under(self, *prefix: str) -> "UserError":
        """The same error, seen from further out in the input."""
        self.path = (*prefix, *self.path)
        return self


class InvalidInput(UserError):
    """A value is wrong: what, where, and what would be right."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.INVALID, message, path)


class SeveralInvalid(InvalidInput):
    """Several values are wrong. Has the code, message and path of the first; `all` has each of them."""

    def __init__(self, faults: Iterable[UserError]) -> None:
        self._faults = tuple(faults)
        first = self._faults[0]
        super().__init__(first.message, *first.path)
        self.code = first.code

    @property
    def all(self) -> tuple[UserError, ...]:
        """The faults, in the order in which they were found."""
        return self._faults

    def under(self, *prefix: str) -> UserError:
        """The same errors, seen from further out in the input."""
        for fault in self._faults:
            fault.under(*prefix)
        return super().under(*prefix)


class FaultCollector:
    """Collects the faults of several parts of an input, so that they are told together."""

    def __init__(self) -> None:
        self._faults: list[UserError] = []

    @property
    def found(self) -> bool:
        """Tell whether anything was faulty."""
        return bool(self._faults)

    def read(self, read: Callable[..., Part], *args: Any, at: tuple[str, ...] = ()) -> Part | None:
        """Return what `read` makes of one part, which is at this path in the input; None if that is faulty."""
        try:
            return read(*args)
        except UserError as error:
            self._faults += error.under(*at).all
            return None

    def refuse(self) -> None:
        """Raises SeveralInvalid if anything was faulty."""
        if self._faults:
            raise SeveralInvalid(dict.fromkeys(self._faults))


class NotFound(UserError):
    """No such thing for this caller. Says the same of what is unknown and of what is someone else's."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.NOT_FOUND, message, path)


class Conflict(UserError):
    """The thing is in a state that does not allow this, or was changed by someone else meanwhile."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.CONFLICT, message, path)


class IdempotencyKeyReused(UserError):
    """The same idempotency key came with another input."""

    def __init__(self) -> None:
        message = "This idempotencyKey was used in the last 24 hours with another input. Use a new key."
        super().__init__(UserErrorCode.IDEMPOTENCY_KEY_REUSED, message, ("idempotencyKey",))


class QuotaExceeded(UserError):
    """The caller has used up what they may have: the message says which quota, how much of how much, what to do."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.QUOTA_EXCEEDED, message, path)


class Unauthenticated(TocsinError):
    """The request carries no access token that is good. The message says what would be right, `code` why, for programs.

    Without any token it is raised itself; its subclasses say what is wrong with the one that came.
    """

    code: ClassVar[str] = "UNAUTHENTICATED"


class TokenInvalid(Unauthenticated):
    """The token is wrong, was revoked, or its session or account has ended: only another one can be right."""

    code = "TOKEN_INVALID"


class TokenExpired(Unauthenticated):
    """The token was good until it expired: getting a new one in the same way is right."""

    code = "TOKEN_EXPIRED"


class Forbidden(TocsinError):
    """The caller is known, but may not do this: not an administrator, or a token without the scope."""


class RateLimited(TocsinError):
    """The caller asked too often. Nothing was done; after `retry_after` seconds it will be done."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class StorageLow(TocsinError):
    """The disk is nearly full. What is saved goes on and is recorded; nothing new is accepted."""


class DatabaseUnavailable(TocsinError):
    """The database does not answer. Nothing of this call was acknowledged; trying again later is right."""


class PartlyDone(DatabaseUnavailable):
    """The database failed in the middle of a call that writes more than once. The message says what to do about it."""
