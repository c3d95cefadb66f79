"""Public links of tasks and workflows."""
