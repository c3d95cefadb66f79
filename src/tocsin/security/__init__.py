"""Passwords, tokens, sealed secrets, and the network addresses that may be called."""
