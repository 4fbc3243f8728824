"""Heartbeat: an address outside is asked for while the engine is well, so that its silence tells.

For a service such as healthchecks: it calls somebody when the beats stay away.
"""

import logging
import threading
import urllib.request
from collections.abc import Callable

from alerts.plan import Plan
from devices.secret import SecretMissing, reveal
from devices.service import Health

log = logging.getLogger(__name__)

PATIENCE_S = 10.0


class HeartbeatService:
    """Beats as the plan at work says; without a heartbeat in the plan it rests."""

    name = "heartbeat"

    def __init__(self, plan: Callable[[], Plan], well: Callable[[], bool]) -> None:
        self._plan = plan
        self._well = well
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._trouble = ""

    def start(self) -> None:
        self._thread.start()

    def health(self) -> Health:
        return Health(True, self._trouble)

    def close(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_S + 2)

    def _run(self) -> None:
        pause = 1.0
        while not self._stop.wait(pause):
            heartbeat = self._plan().file.heartbeat
            pause = heartbeat.every_s if heartbeat else 60.0
            if heartbeat and self._well():
                self._beat(heartbeat.url)

    def _beat(self, secret: str) -> None:
        """The address may hold a key, so no message quotes it."""
        try:
            address = reveal(secret, self._plan().path.parent)
            if not address.startswith(("http://", "https://")):
                raise SecretMissing(f"{secret} holds no http address")
            with urllib.request.urlopen(address, timeout=PATIENCE_S):
                self._trouble = ""
        except (OSError, ValueError, SecretMissing) as error:
            said = str(error) if isinstance(error, SecretMissing) else type(error).__name__
            if not self._trouble:
                log.warning("the heartbeat does not get out: %s", said)
            self._trouble = f"the heartbeat does not get out: {said}"
