"""Backups: online copies of the whole database in one file, restored into an empty database."""

from tocsin.backups.archive import BackupError, BackupHeader, BackupSummary, verify_backup
from tocsin.backups.create import create_backup
from tocsin.backups.restore import restore_backup

__all__ = ["BackupError", "BackupHeader", "BackupSummary", "create_backup", "restore_backup", "verify_backup"]
