"""Is ready when its database accepts connections."""

import os
import socket

from server import serve


def respond(path):
    if path != "/ready":
        return 200, "alive"
    place = (os.environ["MYSQL_HOST"], int(os.environ["MYSQL_PORT"]))
    try:
        with socket.create_connection(place, timeout=2) as connection:
            # A server of MySQL speaks first: the version of its protocol is in the fifth byte.
            return (200, "ready") if connection.recv(5)[4:] == b"\n" else (503, "no MySQL")
    except OSError as error:
        return 503, str(error)


serve(respond)
