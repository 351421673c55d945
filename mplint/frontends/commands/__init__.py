"""The commands of the command line, imported one at a time."""
