"""Backups: online copies of the whole database in one file, restored into an empty database."""

from tocsin.backups.archive import BackupError, Header, Summary, verify
from tocsin.backups.create import back_up
from tocsin.backups.restore import restore

__all__ = ["BackupError", "Header", "Summary", "back_up", "restore", "verify"]
