"""What can follow what in a function: every way through it, failures included."""
