"""Notifications to users, and their delivery by mail."""
