"""mplint finds multiprocessing misuse in Python before it hangs in production."""

__version__ = "0.1.0"
