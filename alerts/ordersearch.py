"""OrderSearch: which entries of the maintenance log somebody looks for; pure."""

from dataclasses import dataclass
from datetime import datetime

from alerts.order import WorkOrder


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """What is left empty fits everything. `start` (in) and `end` (out) are about the report."""

    device: str = ""
    """An asset's number or a point."""
    place: str = ""
    person: str = ""
    """A part of a name: who reported, accepted, mended or verified."""
    text: str = ""
    """Every word of it, anywhere in the entry."""
    queue: str = ""
    fault: str = ""
    start: datetime | None = None
    end: datetime | None = None

    def fits(self, order: WorkOrder) -> bool:
        if self.start is not None and order.reported_at < self.start:
            return False
        if self.end is not None and order.reported_at >= self.end:
            return False
        if self.device and self.device not in (order.asset, order.point, *order.points):
            return False
        if self.place and order.place != self.place:
            return False
        if self.queue and order.queue != self.queue:
            return False
        if self.fault and order.fault != self.fault:
            return False
        return self._by_person(order) and self._by_text(order)

    def _by_person(self, order: WorkOrder) -> bool:
        people = (order.reported_by, order.accepted_by, order.assigned_to, order.contractor,
                  order.done_by, order.verified_by)  # fmt: skip
        wanted = self.person.casefold()
        return not wanted or any(wanted in person.casefold() for person in people)

    def _by_text(self, order: WorkOrder) -> bool:
        if not self.text:
            return True
        written = "\n".join(
            (f"#{order.number}", order.title, order.title_en, order.description, order.action,
             order.cause, order.asset, order.point or "", order.place, order.contractor)
        ).casefold()  # fmt: skip
        return all(word in written for word in self.text.casefold().split())
