"""Notifications to users, and their delivery."""
