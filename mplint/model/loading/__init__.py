"""The files of a program: which they are, and what each says."""
