"""Who hears of what: the mails about failing tasks, and their delivery."""
