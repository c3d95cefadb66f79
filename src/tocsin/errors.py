"""The exceptions that Tocsin raises. Expected outcomes, such as a failed attempt, are mostly values instead.

TocsinError
├── StartupError            the process cannot start; the message is one sentence for the operator
│   ├── SettingsError     a setting is invalid or missing
│   └── EmbeddedDatabaseError   the embedded database cannot start or stopped
├── UserError             the input is invalid: code, message, path (`userErrors` of the API)
│   ├── InvalidInput      a value is invalid
│   │   └── MultipleInvalid    several values are invalid; `all_errors` has each of them
│   ├── NotFound          unknown, or owned by someone else; the caller cannot tell which
│   ├── Conflict          the state does not allow it, or changed in the meantime
│   ├── IdempotencyKeyReused
│   └── QuotaExceeded     a quota of the caller is used up
├── Unauthenticated       no access token
│   ├── TokenInvalid      invalid, revoked, or its session or account has ended
│   └── TokenExpired      expired
├── Forbidden             the token is valid but does not allow this
├── RateLimited           too many requests; has the time to wait
├── StorageLow            the disk is nearly full; nothing new is accepted
└── DatabaseUnavailable   the database is unavailable; nothing was acknowledged
    └── PartialWrite        it failed during a call that writes more than once
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")


class TocsinError(Exception):
    """Base class of Tocsin's exceptions."""


class StartupError(TocsinError):
    """The process cannot start. The message is one sentence for the operator."""


class SettingsError(StartupError):
    """A setting is invalid or missing. The message names the environment variable."""


class EmbeddedDatabaseError(StartupError):
    """The embedded database cannot be used. The message names the directory and the problem."""


class UserErrorCode(Enum):
    """The `code` of an entry of `userErrors`."""

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
    """The caller's input is invalid.

    `path` leads to the invalid field in the input, in the API's camelCase; empty if no single field is invalid.
    """

    def __init__(self, code: UserErrorCode, message: str, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path

    @property
    def all_errors(self) -> "tuple[UserError, ...]":
        """All errors that were found together. Only MultipleInvalid has more than one."""
        return (self,)

    def prefix_path(self, *prefix: str) -> "UserError":
        """Prefix the path of the error and return it."""
        self.path = (*prefix, *self.path)
        return self


class InvalidInput(UserError):
    """A value is invalid. The message says what would be valid."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.INVALID, message, path)


class MultipleInvalid(InvalidInput):
    """Several values are invalid. Code, message and path are those of the first; `all_errors` has every error."""

    def __init__(self, errors: Iterable[UserError]) -> None:
        self._errors = tuple(errors)
        first = self._errors[0]
        super().__init__(first.message, *first.path)
        self.code = first.code

    @property
    def all_errors(self) -> tuple[UserError, ...]:
        """The errors in the order in which they were found."""
        return self._errors

    def prefix_path(self, *prefix: str) -> UserError:
        """Prefix the paths of all errors and return the exception."""
        for error in self._errors:
            error.prefix_path(*prefix)
        return super().prefix_path(*prefix)


class ErrorCollector:
    """Collects the errors of several parts of an input, so that they are reported together."""

    def __init__(self) -> None:
        self._errors: list[UserError] = []

    @property
    def has_errors(self) -> bool:
        """True if any error was collected."""
        return bool(self._errors)

    def try_parse(self, read: Callable[..., T], *args: Any, at: tuple[str, ...] = ()) -> T | None:
        """Call `read` and return its result. On a UserError, collect it under the path `at` and return None."""
        try:
            return read(*args)
        except UserError as error:
            self._errors += error.prefix_path(*at).all_errors
            return None

    def raise_if_any(self) -> None:
        """Raise MultipleInvalid if any error was collected."""
        if self._errors:
            raise MultipleInvalid(dict.fromkeys(self._errors))


class NotFound(UserError):
    """The caller has no such object. Unknown objects and those of other users are not distinguished."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.NOT_FOUND, message, path)


class Conflict(UserError):
    """The object is in a state that does not allow the change, or was changed in the meantime."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.CONFLICT, message, path)


class IdempotencyKeyReused(UserError):
    """The idempotency key was used with another input."""

    def __init__(self) -> None:
        message = "This idempotencyKey was used in the last 24 hours with another input. Use a new key."
        super().__init__(UserErrorCode.IDEMPOTENCY_KEY_REUSED, message, ("idempotencyKey",))


class QuotaExceeded(UserError):
    """A quota of the caller is used up. The message names the quota, usage and limit, and what to do."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(UserErrorCode.QUOTA_EXCEEDED, message, path)


class Unauthenticated(TocsinError):
    """The request has no access token. Subclasses are raised for a token that is not valid.

    `code` is the machine-readable reason.
    """

    code: ClassVar[str] = "UNAUTHENTICATED"


class TokenInvalid(Unauthenticated):
    """The token is invalid or revoked, or its session or account has ended. It never becomes valid again."""

    code = "TOKEN_INVALID"


class TokenExpired(Unauthenticated):
    """The token has expired. The client can get a new one with its refresh token or credentials."""

    code = "TOKEN_EXPIRED"


class Forbidden(TocsinError):
    """The caller is authenticated but lacks permission: not an administrator, or a token without the scope."""


class RateLimited(TocsinError):
    """The caller exceeded a rate limit. Nothing was done; `retry_after` is the time to wait in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class StorageLow(TocsinError):
    """The disk is nearly full. Existing tasks continue to run and are recorded; nothing new is accepted."""


class DatabaseUnavailable(TocsinError):
    """The database is unavailable. Nothing of this call was acknowledged; it can be retried later."""


class PartialWrite(DatabaseUnavailable):
    """The database failed during a call that writes more than once. The message says what to do."""
