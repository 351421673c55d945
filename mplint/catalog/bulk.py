"""Calls whose results are large: what they read or make, and how to say so."""

READERS: frozenset[str] = frozenset(
    {
        "numpy.fromfile",
        "numpy.genfromtxt",
        "numpy.load",
        "numpy.loadtxt",
        *(
            f"pandas.read_{name}"
            for name in ("csv", "feather", "fwf", "hdf", "orc", "parquet", "pickle", "table")
        ),
    }
)
"""They read a whole table or array from a file."""

PARTLY: frozenset[str] = frozenset(
    {"chunksize", "iterator", "max_rows", "mmap_mode", "nrows", "count"}
)
"""Their arguments by which they read a part of it, or nothing yet."""

ARRAYS: frozenset[str] = frozenset(
    f"numpy.{name}"
    for name in (
        "arange",
        "empty",
        "full",
        "ones",
        "zeros",
        "random.rand",
        "random.randn",
        "random.random",
        "random.random_sample",
    )
)
"""They make an array whose size is their first argument, or all of them."""

TEXTS: frozenset[str] = frozenset({"os.urandom", "random.randbytes", "secrets.token_bytes"})
"""They make as many bytes as they are told."""
