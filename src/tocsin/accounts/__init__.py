"""Accounts: sign-up, sessions, tokens and user administration, for the API and the command line."""

from tocsin.accounts.accounts import Accounts, Identity
from tocsin.accounts.audit import COMMAND_LINE, Actor
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.link_flows import LinkFlows, invite_user
from tocsin.accounts.sessions import Sessions, SessionTokens
from tocsin.accounts.users import (
    activate_user,
    confirm_email,
    create_user,
    deactivate_user,
    find_user,
    list_users,
    log_out_everywhere,
    require_user,
    require_user_by_email,
    set_admin,
    set_password,
    set_quota,
)

__all__ = [
    "COMMAND_LINE",
    "Accounts",
    "Actor",
    "Identity",
    "LinkFlows",
    "SessionTokens",
    "Sessions",
    "activate_user",
    "confirm_email",
    "create_user",
    "deactivate_user",
    "find_user",
    "invite_user",
    "list_users",
    "log_out_everywhere",
    "normalise_email",
    "require_user",
    "require_user_by_email",
    "set_admin",
    "set_password",
    "set_quota",
]  # fmt: skip
