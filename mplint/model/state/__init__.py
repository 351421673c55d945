"""What one process knows and another does not: variables, settings, open files."""
