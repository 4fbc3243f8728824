"""Outgoing: what was decided is saved, then told, then answered; in that order, always."""

import logging
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime

from alerts.board import Board
from alerts.book import Book, Changes
from alerts.casebook import Casebook
from alerts.database import RecordsError
from alerts.model import DeliveryState
from alerts.pipeline import Pipeline
from collectors.requests import answer
from collectors.transport import Message, Transport
from devices.errors import TransportError

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 10.0


class Outgoing:
    """Used by the one worker; `trouble` says in words why the book cannot be written."""

    def __init__(
        self, book: Book, pipeline: Pipeline, board: Board, transport: Transport,
        stop: threading.Event,
    ) -> None:  # fmt: skip
        self.trouble = ""
        self.counts: Counter[str] = Counter()
        self.answers: list[tuple[Message, bytes]] = []
        """Questions with their answers, sent once what they changed is saved."""
        self.kept = Changes()
        self._book, self._pipeline, self._board = book, pipeline, board
        self._transport = transport
        self._stop = stop

    def finish(
        self, changes: Changes, cases: Casebook, now: datetime, *, patient: bool = True
    ) -> None:
        """Where it is not `patient`, what cannot be saved at the first try is `kept` for the next
        call that is; nothing is told before."""
        if self.kept:
            if not self._save(self.kept, now):
                return
            self.kept = Changes()
        for transition in changes.transitions:
            changes.deliveries += self._pipeline.offer(transition, now)
            self.counts[f"transitions_{transition.why}"] += 1
        urgent, rest = _parted(changes)
        if urgent and not self._saved(urgent, now, patient):
            return
        outcomes = self._pipeline.send(cases.get, now)
        self._board.settle(cases)
        self._pipeline.settle(cases)
        for message, payload in self.answers:
            self._answer(message, payload)
        self.answers.clear()
        for delivery in outcomes:
            self.counts[f"deliveries_{delivery.state}"] += 1
        rest.deliveries += outcomes
        if rest:
            self._saved(rest, now, patient)
        self._book.rest()

    def _saved(self, changes: Changes, now: datetime, patient: bool) -> bool:
        if patient:
            return self._save(changes, now)
        try:
            self._book.save(changes, now)
        except RecordsError:
            self.kept = changes
            return False
        return True

    def _save(self, changes: Changes, now: datetime) -> bool:
        """Until it is in the book; False where we are stopped before."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                self._book.save(changes, now)
            except RecordsError as error:
                if self.trouble != str(error):
                    log.error("nothing is told before it is in the book: %s", error)
                self.trouble = str(error)
                if self._stop.wait(pause):
                    return False
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            self.trouble = ""
            return True

    def _answer(self, message: Message, payload: bytes) -> None:
        try:
            answer(self._transport, message, payload)
        except TransportError as error:
            log.warning("a command on %s is done but not answered: %s", message.topic, error)


def _parted(changes: Changes) -> tuple[Changes, Changes]:
    """What has to be saved before anybody is told, and what may be saved after it.

    What the rules remember goes with the checkpoint: after a crash between the two the readings
    since the checkpoint are judged again, and an alert that stands already stays as it is.
    """
    if not any(delivery.state is DeliveryState.SENDING for delivery in changes.deliveries):
        return changes, Changes()
    after = Changes(memories=changes.memories, checkpoints=changes.checkpoints)
    return replace(changes, memories={}, checkpoints={}), after
