"""TaskKeeper: opens the entry of a planned task on the day it falls due, without a click."""

import logging
import threading

from flask import Flask

from dashboard.duelist import KEEPER, every_due, open_entry
from devices.errors import CampusError
from devices.service import Health

log = logging.getLogger(__name__)

EVERY_S = 300.0
FIRST_S = 20.0
"""The engine may still be starting."""


class TaskKeeper:
    """A service beside the web server; the engine keeps one open entry a task, whoever asks."""

    name = "tasks"

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tasks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def health(self) -> Health:
        return Health(self._thread.is_alive())

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        wait = FIRST_S
        while not self._stop.wait(wait):
            self.look()
            wait = EVERY_S

    def look(self) -> int:
        """How many entries were opened."""
        opened = 0
        with self._app.app_context():
            try:
                for due in every_due():
                    if due.state == "overdue":
                        open_entry(due.task, KEEPER)
                        opened += 1
            except CampusError as error:
                log.warning("planned tasks wait: %s", error)
        return opened
