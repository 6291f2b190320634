"""Takes long to start."""

import time

from server import serve


def respond(path):
    return 200, "at last"


time.sleep(20)
serve(respond)
