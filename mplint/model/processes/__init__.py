"""What becomes of the objects that stand for processes."""
