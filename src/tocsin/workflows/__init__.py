"""Workflows: graphs of steps, their language, and the engine that advances their runs."""
