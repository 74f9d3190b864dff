"""Running the processes of the line: the supervisor, the web server, what they print."""
