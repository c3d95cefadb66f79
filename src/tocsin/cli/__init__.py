"""The command line: the server and commands for administrators."""
