"""Passwords, tokens, stored secrets, and which addresses may be called."""
