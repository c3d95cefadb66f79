"""Who may use the service: sign-up, log-in, administration of users; for the API and the command line."""

from tocsin.accounts.accounts import Accounts, Session
from tocsin.accounts.emails import normalise_email
from tocsin.accounts.users import activate, create_user, deactivate, list_users, promote, set_password

__all__ = [
    "Accounts", "Session", "activate", "create_user", "deactivate", "list_users", "normalise_email",
    "promote", "set_password",
]  # fmt: skip
