"""Accounts, sessions and tokens in the API."""
