"""Pools and executors, their tasks and results."""
