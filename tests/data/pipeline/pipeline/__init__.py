"""A producer in one module, its consumer in another."""
