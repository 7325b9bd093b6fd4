"""The web page: the same answers as the command line, on one's own machine, in a browser."""
