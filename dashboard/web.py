"""WebService: the dashboard behind waitress, with a thread for every stream that it allows."""

import logging
import socket
import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server

from dashboard.parts import Parts
from devices.catalog import split_address
from devices.errors import CampusError
from devices.service import Clock, Health

log = logging.getLogger(__name__)

PAGE_THREADS = 16
"""Beside one thread for each open stream."""
MAX_BODY = 11 * 1024 * 1024
"""A photo; what takes none is held to 1 MB by the application."""


class WebService:
    """Serves `app` at `address` (HOST:PORT) from `start` until `close`."""

    name = "web"

    def __init__(self, app: Flask, address: str, clock: Clock) -> None:
        self._app = app
        self._clock = clock
        self._host, self._port = split_address(address, 8000)
        self._server: Any = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Raises CampusError where the address cannot be had."""
        parts: Parts = self._app.extensions["campus"]
        streams = parts.hub.max_streams
        self._server = create_server(
            self._app, sockets=[self._listen()], threads=streams + PAGE_THREADS,
            connection_limit=streams * 2 + 400, channel_request_lookahead=1,
            max_request_body_size=MAX_BODY, outbuf_high_watermark=256 * 1024,
            asyncore_use_poll=True, ident="campus", clear_untrusted_proxy_headers=True,
        )  # fmt: skip
        # It tells of every browser that goes away; only what it warns of is news.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)
        self._thread.start()
        log.info("the dashboard is at http://%s:%s", self._host, self.port)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((self._host, self._port))
            listener.listen(0)
        except OSError as error:
            listener.close()
            raise CampusError(
                f"the dashboard's address {self._host}:{self._port} cannot be used "
                f"({error.strerror}): choose another with --http HOST:PORT"
            ) from error
        return listener

    @property
    def port(self) -> int:
        """The port that is really listened on."""
        return int(self._server.effective_port) if self._server else self._port

    def health(self) -> Health:
        alive = self._thread is not None and self._thread.is_alive()
        return Health(alive, "" if alive else "the web server's thread has ended")

    def close(self) -> None:
        """Stop listening, end the streams, let what is being answered finish, close the rest."""
        server, self._server = self._server, None
        if server is None:
            return
        parts: Parts = self._app.extensions["campus"]
        # Only the listener: the trigger has to live as long as any thread may pull it.
        server.trigger.pull_trigger(lambda: wasyncore.dispatcher.close(server))
        self._app.extensions["trials"].close()
        parts.hub.end_streams()
        server.task_dispatcher.shutdown(timeout=10)
        server.trigger.pull_trigger(lambda: _close_channels(server))
        if self._thread is not None:
            self._thread.join(10)
        server.trigger.close()


def _close_channels(server: Any) -> None:
    """End the server's loop, which runs while it has channels, from within.

    The trigger itself is only taken out: another thread's pull may have run this before the
    pull that asked for it has written its byte.
    """
    server.trigger.del_channel()
    wasyncore.close_all(server._map, ignore_all=True)
