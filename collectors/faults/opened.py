"""An episode under way: what was seen of it, and which fault that is."""

from dataclasses import dataclass, field

from collectors.faults.episode import Episode, FaultName


@dataclass(slots=True)
class Opened:
    """Counts the signs of each bin; the name is that of the most telling."""

    start: float
    at: float
    bins: int = 0
    frozen: int = 0
    noisy: int = 0
    off: int = 0
    above: int = 0
    rising: int = 0
    last_off: float = 0.0
    most: float = 0.0
    least: float = float("inf")
    step: float = 0.0
    back: bool = False
    grown: bool = False
    held: int = 0
    spikes: int = 0
    outside: int = 0
    errors: int = 0
    evidence: dict[str, float | str] = field(default_factory=dict)

    def fault(self) -> FaultName:
        """The name by what was seen so far."""
        if self.errors and self.errors >= self.outside:
            return FaultName.ERROR_VALUE
        if self.outside:
            return FaultName.OUT_OF_RANGE
        if self.frozen:
            return FaultName.FROZEN
        lasting = self.off >= 2 and self.off >= 0.5 * self.bins and self._one_sided()
        if lasting and not (self.noisy and self.noisy > 2 * self.off):
            return self._displaced()
        if self.noisy:
            return FaultName.NOISE
        if self.off:
            return self._displaced()
        if self.step:
            return FaultName.DRIFT if self.back and self.grown else FaultName.JUMP
        return FaultName.SPIKE

    def _one_sided(self) -> bool:
        return self.above >= 0.8 * self.off or self.above <= 0.2 * self.off

    def _displaced(self) -> FaultName:
        climbed = self.off >= 5 and self.rising >= 0.7 * self.off and self.most > 2 * self.least
        if self.grown or climbed:
            return FaultName.DRIFT
        return FaultName.JUMP if self.step and not self.back else FaultName.BIAS

    def episode(self, device: str) -> Episode:
        return Episode(device, self.fault(), self.start, max(self.start, self.at), self.evidence)
