"""The ways in which users are notified."""
