"""A file where temporary files go, and one in the working folder, which is nobody's business."""

import os
import pathlib
import tempfile

os.close(tempfile.mkstemp(prefix="forgotten-")[0])
pathlib.Path("result.txt").write_text("42")
