"""A module as large ones are: it has a lot to do before it is there."""

import time

end = time.process_time() + 2
while time.process_time() < end:
    pass
