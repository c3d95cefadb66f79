"""Notifications by mail: their texts and recipients."""
