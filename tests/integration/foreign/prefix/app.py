"""Knows the path below which users find it."""

from server import serve


def respond(path):
    return (200, "shop") if path.startswith("/shop/") or path == "/live" else (404, "not below /shop")


serve(respond)
