"""Runs the processes of the line: the supervisor, the web server, and their output."""
