"""Outgoing: what was decided is saved, then told, then answered; in that order, always."""

import logging
import threading
from collections import Counter
from datetime import datetime

from alerts.board import Board
from alerts.book import Book, Changes
from alerts.casebook import Casebook
from alerts.database import RecordsError
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
        self._book, self._pipeline, self._board = book, pipeline, board
        self._transport = transport
        self._stop = stop

    def finish(self, changes: Changes, cases: Casebook, now: datetime) -> None:
        for transition in changes.transitions:
            changes.deliveries += self._pipeline.offer(transition, now)
            self.counts[f"transitions_{transition.why}"] += 1
        if changes and not self._save(changes, now):
            return
        outcomes = self._pipeline.send(cases.get, now)
        self._board.settle(cases)
        self._pipeline.settle(cases)
        for message, payload in self.answers:
            self._answer(message, payload)
        self.answers.clear()
        if outcomes:
            for delivery in outcomes:
                self.counts[f"deliveries_{delivery.state}"] += 1
            self._save(Changes(deliveries=outcomes), now)
        self._book.rest()

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
