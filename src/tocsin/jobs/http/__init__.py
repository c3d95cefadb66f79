"""The `http` job."""
