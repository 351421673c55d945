"""What is handed to another process, and whether it gets there: pickling, arguments, names."""
