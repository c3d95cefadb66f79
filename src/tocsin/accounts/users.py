"""User administration, for the API and the command line."""

import unicodedata
from typing import Any

from beanie import UpdateResponse
from pymongo.errors import DuplicateKeyError

from tocsin import clock
from tocsin.accounts import audit
from tocsin.accounts.api_tokens import revoke_all_tokens
from tocsin.accounts.audit import Actor
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.links import revoke_invitations, revoke_links
from tocsin.accounts.sessions import end_sessions
from tocsin.documents import AuditAction, Database, LinkPurpose, User, delete_triggers
from tocsin.errors import InvalidInput, NotFound, UserError, UserErrorCode
from tocsin.notifications.account_events import PasswordChanged
from tocsin.notifications.deliveries import notify
from tocsin.notifications.incidents.reviews import review_incidents
from tocsin.quotas.limits import MAX_QUOTA_LIMIT, Quota
from tocsin.security.passwords import check_password, hash_password
from tocsin.tasks.lifecycle import cancel_workflow_runs, pause_all_tasks


async def create_user(
    email: str,
    password: str,
    actor: Actor,
    is_admin: bool = False,
    *,
    action: AuditAction = AuditAction.USER_CREATED,
    confirmed: bool = True,
) -> User:
    """Create a user. Raises UserError: INVALID for the address or the password, EMAIL_TAKEN.

    `confirmed` means that the address is vouched for, by an administrator or by a link that was mailed to it.
    """
    address = normalise_email(email)
    check_password(password, address)
    hashed = await hash_password(password)
    now = clock.now()
    user = User(email=address, password=hashed, is_admin=is_admin, email_confirmed=confirmed, created_at=now)
    try:
        await user.insert()
    except DuplicateKeyError:
        raise email_taken_error() from None
    await audit.record(action, actor if actor.id or actor is audit.COMMAND_LINE else actor.as_user(user), user)
    return user


async def list_users() -> list[User]:
    """Return all users, sorted by address."""
    return sorted(await User.find_all().to_list(), key=lambda user: user.email)


async def require_user_by_email(email: str) -> User:
    """Return the user with this address. Raises InvalidInput, NotFound."""
    user = await find_user_by_email(email)
    if user is None:
        raise NotFound(f"There is no user with the address {email}.", "email")
    return user


async def find_user_by_email(email: str) -> User | None:
    """Return the user with this address, or None. Raises InvalidInput.

    Earlier versions normalised addresses with NFC, so that spelling is tried second.
    """
    for address in dict.fromkeys((normalise_email(email), unicodedata.normalize("NFC", email.strip().lower()))):
        if (user := await User.find_one({"email": address})) is not None:
            return user
    return None


async def find_user(user_id: str) -> User | None:
    """Return the user with this id, or None."""
    return await User.get(user_id)


async def require_user(user_id: str) -> User:
    """Return the user with this id. Raises NotFound."""
    user = await find_user(user_id)
    if user is None:
        raise NotFound("There is no user with this id.", "id")
    return user


async def set_password(
    database: Database,
    user: User,
    password: str,
    actor: Actor,
    *,
    action: AuditAction = AuditAction.PASSWORD_CHANGED,
    path: str = "password",
    keep: str | None = None,
) -> User:
    """Set a new password, end all sessions except `keep`, and notify the user by mail.

    Password reset links that were mailed before are revoked; API tokens stay valid. Raises InvalidInput at `path`.
    """
    check_password(password, user.email, path)
    changed = await _update_user(user, password=await hash_password(password))
    await end_sessions(database, user.id, but=keep)
    await revoke_links(database, user.email, LinkPurpose.RESET)
    await audit.record(action, actor, user)
    await notify(database, [PasswordChanged.from_user(user, clock.now(), actor.address)])
    return changed


async def confirm_email(database: Database, user: User, actor: Actor) -> User:
    """Mark the address as confirmed. The first time, all earlier sessions, API tokens and triggers end."""
    confirmed: User = user.model_copy(update={"email_confirmed": True})
    if user.email_confirmed:
        return confirmed
    await end_sessions(database, user.id)
    await revoke_all_tokens(database, user.id)
    await delete_triggers(database, user.id)
    changed = await _update_user(user, email_confirmed=True)
    await revoke_links(database, user.email, LinkPurpose.CONFIRMATION)
    await audit.record(AuditAction.EMAIL_CONFIRMED, actor, user)
    return changed


async def set_admin(user: User, actor: Actor, is_admin: bool = True) -> User:
    """Grant or revoke administrator rights. Revoking also revokes the user's invitations."""
    changed = await _update_user(user, is_admin=is_admin)
    if not is_admin:
        await revoke_invitations(user.id)
    await audit.record(AuditAction.USER_PROMOTED if is_admin else AuditAction.USER_DEMOTED, actor, user)
    return changed


async def deactivate_user(database: Database, user: User, actor: Actor) -> int:
    """Lock the user out and pause all their tasks. Returns the number of tasks paused.

    Sessions, open sockets, API tokens and links to files end first; open workflow runs are cancelled last. Then the
    user's incidents are over, which only alert services are told. The function is idempotent: calling it again
    completes a deactivation that a crash interrupted.
    """
    await _update_user(user, is_active=False, deactivated_at=clock.now())
    database.changes.access_ended(user.id)
    await end_sessions(database, user.id)
    await revoke_all_tokens(database, user.id)
    await revoke_links(database, user.email)
    await revoke_invitations(user.id)
    paused = await pause_all_tasks(database, user.id, clock.now())
    await cancel_workflow_runs(database, user.id, clock.now())
    await review_incidents(database, user.id, clock.now())
    await audit.record(AuditAction.USER_DEACTIVATED, actor, user, detail=f"tasks paused: {paused}")
    return paused


async def log_out_everywhere(database: Database, user: User, actor: Actor) -> int:
    """End all sessions of the user and return how many there were."""
    count = await end_sessions(database, user.id)
    await audit.record(AuditAction.SESSION_REVOKED, actor, user, detail=f"all sessions: {count}")
    return count


async def activate_user(user: User, actor: Actor) -> User:
    """Let a deactivated user log in again. Paused tasks stay paused until someone resumes them."""
    changed = await _update_user(user, is_active=True)
    await audit.record(AuditAction.USER_ACTIVATED, actor, user)
    return changed


async def set_quota(user: User, quota: Quota, limit: int | None, actor: Actor) -> User:
    """Set a user's limit in the quota's unit: 0 for no limit, None for the default. Raises InvalidInput."""
    if limit is not None and not 0 <= limit <= MAX_QUOTA_LIMIT:
        raise InvalidInput(f"limit must be 0 (no limit) to {MAX_QUOTA_LIMIT:,}, or null for the default.", "limit")
    own = {name: value for name, value in user.quotas.items() if name != quota.value}
    changed = await _update_user(user, quotas=own if limit is None else {**own, quota.value: limit})
    detail = f"{quota.value}: {'default' if limit is None else limit or 'no limit'}"
    await audit.record(AuditAction.QUOTA_CHANGED, actor, user, detail=detail)
    return changed


def email_taken_error() -> UserError:
    """Return the error for an address that already has an account."""
    message = "There is already an account with this email address. Log in, or use another address."
    return UserError(UserErrorCode.EMAIL_TAKEN, message, ("email",))


async def _update_user(user: User, **values: Any) -> User:
    await User.find_one({"_id": user.id}).update({"$set": values}, response_type=UpdateResponse.UPDATE_RESULT)
    changed: User = user.model_copy(update=values)
    return changed
