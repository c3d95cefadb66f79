"""Backups: online copies of the whole database in one file, restored into an empty database."""

from tocsin.backups.copying import back_up
from tocsin.backups.file import BackupError, Header, Summary, verify
from tocsin.backups.restoring import restore

__all__ = ["BackupError", "Header", "Summary", "back_up", "restore", "verify"]
