"""The engine that advances workflow runs."""
