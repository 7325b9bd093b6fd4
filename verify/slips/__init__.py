"""The usual slips, by what was done to the truth: a file a kind, each a function of a wrong claim."""
