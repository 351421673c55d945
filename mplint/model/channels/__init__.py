"""Queues and pipes: who waits for whom, what is sent when, and what is never read."""
