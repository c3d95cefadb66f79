"""The `report` job."""
