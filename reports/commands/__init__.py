"""The commands of `gradproof`, a module each: `register(app)` adds what the module holds to the command line.

A command imports what it computes with when it runs, so that `gradproof --help` stays quick.
"""
