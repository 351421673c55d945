"""What processes share: locks, values, memory, managers, events, files."""
