"""Several runs as one: what a workflow is, and how its runs are moved on."""
