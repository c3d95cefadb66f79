"""Notifications as documents: stored with their cause, listed, followed live, and acknowledged."""
