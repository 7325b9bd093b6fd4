"""The commands of `gradproof`, a module each, imported when its command is called (`reports.cli.Commands`)."""
