"""What a process does at intervals beside running tasks."""
