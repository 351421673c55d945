"""Which objects every expression of a program can be."""
