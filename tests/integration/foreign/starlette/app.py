"""Starlette, with a WebSocket that echoes."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute


async def index(request):
    return PlainTextResponse("starlette")


async def echo(websocket):
    await websocket.accept()
    async for word in websocket.iter_text():
        await websocket.send_text(word)


app = Starlette(routes=[Route("/", index), WebSocketRoute("/echo", echo)])
