"""Main ends by a signal: an exit status that is no proof of anything."""

import os
import signal

os.kill(os.getpid(), signal.SIGKILL)
