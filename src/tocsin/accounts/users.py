"""The users as an administrator handles them. The API's sign-up writes through `create_user` too."""

from collections.abc import Awaitable, Callable
from typing import Any

from beanie import UpdateResponse
from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.accounts.emails import normalise_email
from tocsin.documents import User
from tocsin.errors import NotFound, UserError, UserErrorCode
from tocsin.security.passwords import check_password, hash_password

PauseAll = Callable[[str], Awaitable[int]]


async def create_user(email: str, password: str, is_admin: bool = False) -> User:
    """Store a new user. Raises UserError: INVALID for the address or the password, EMAIL_TAKEN."""
    address = normalise_email(email)
    check_password(password, address)
    hashed = await hash_password(password)
    user = User(email=address, password=hashed, is_admin=is_admin, created_at=clock.now())
    try:
        await user.insert()
    except DuplicateKeyError:
        message = "Someone has signed up with this email address. Log in, or use another address."
        raise UserError(UserErrorCode.EMAIL_TAKEN, message, ("email",)) from None
    return user


async def list_users() -> list[User]:
    """All users, by address."""
    return sorted(await User.find_all().to_list(), key=lambda user: user.email)


async def set_password(email: str, password: str) -> User:
    """Give the user a new password. Raises InvalidInput, NotFound."""
    user = await _find(email)
    check_password(password, user.email)
    return await _change(user, password=await hash_password(password))


async def promote(email: str, is_admin: bool = True) -> User:
    """Make the user an administrator, or no longer one. Raises NotFound."""
    return await _change(await _find(email), is_admin=is_admin)


async def deactivate(email: str, pause_all: PauseAll) -> int:
    """Lock the user out, then pause all that is his: `pause_all` of his id. Returns how many tasks it paused.

    Doing it again finishes what a crash left half done. Raises NotFound.
    """
    user = await _change(await _find(email), is_active=False)
    return await pause_all(user.id)


async def activate(email: str) -> User:
    """Let the user in again. What was paused stays paused until someone resumes it. Raises NotFound."""
    return await _change(await _find(email), is_active=True)


async def _find(email: str) -> User:
    user = await User.find_one({"email": normalise_email(email)})
    if user is None:
        raise NotFound(f"There is no user with the address {email}.", "email")
    return user


async def _change(user: User, **values: Any) -> User:
    await User.find_one({"_id": user.id}).update({"$set": values}, response_type=UpdateResponse.UPDATE_RESULT)
    changed: User = user.model_copy(update=values)
    return changed
