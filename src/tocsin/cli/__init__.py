"""The command line: the server and the administrators' commands."""
