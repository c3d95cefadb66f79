"""Accounts: sign-up, sessions, tokens and user administration, for the API and the command line."""

from tocsin.accounts.accounts import Accounts, Identity
from tocsin.accounts.audit import COMMAND_LINE, Actor
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.link_flows import Mailing, invite
from tocsin.accounts.sessions import Grant, Sessions
from tocsin.accounts.users import (
    activate,
    confirm_email,
    create_user,
    deactivate,
    find_user,
    list_users,
    log_out_everywhere,
    promote,
    require_user,
    set_password,
    set_quota,
)

__all__ = [
    "COMMAND_LINE", "Accounts", "Actor", "Grant", "Identity", "Mailing", "Sessions", "activate", "confirm_email",
    "create_user", "deactivate", "find_user", "invite", "list_users", "log_out_everywhere", "normalise_email",
    "promote", "require_user", "set_password", "set_quota",
]  # fmt: skip
