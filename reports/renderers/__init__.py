"""A document as a terminal, HTML and LaTeX show it."""
