"""Public links of tasks and workflows: badges and status pages, and URLs that start a run."""
