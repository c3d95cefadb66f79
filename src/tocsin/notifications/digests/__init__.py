"""Digests: mails that tell of all that happened in an hour or a day."""
