"""What an owner does with tasks and runs: save, edit, hold, trigger; and what the end of a run means to its task."""
