"""Queries of the installation: its version and settings for everybody, its state for administrators."""
