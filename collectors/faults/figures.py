"""The figures of the detector: one set for every site, each with its reason.

Times are in seconds. "Usual" always means learned from the sensor's own past, "scale" the usual
difference from its siblings in the unit of the value. How the figures were found, and what they
reach on recorded data, is in docs/sensor-faults.md.
"""

BIN = 600.0
"""What is compared is a median over ten minutes: short enough to tell within an hour, long enough
to hold several readings of every usual sampling period."""
SPARSE = 75.0
"""Of a fast sensor one reading in so many seconds goes into the statistics (8 a bin): the cost of
a reading does not grow with the rate."""
WARM_BINS = 18
"""No judgement by comparison in a sensor's first three hours: nothing is usual yet."""
RECENT_BINS = 3
"""A sibling's value counts for so long after its bin."""
GOOD_BINS = 2
"""An episode ends after so many bins without any sign of the fault."""

# Noise: mean logarithm of the second difference over a window, above what is usual at this hour.
NOISE_BINS = 12
"""Two hours: the mean of fewer bins scatters as much as what is looked for."""
NOISE_LEAST = 6
NOISE_EXCESS = 0.55
"""Noise is at least 1.7 times (e^0.55) the usual, and ..."""
NOISE_SPREAD = 1.0
"""... beyond the usual day-to-day difference of that hour, and ..."""
NOISE_UNKNOWN = 2.0
"""... much more (5 times) while no day of that hour is known; shrinks with every day seen."""
NOISE_BEYOND = 0.9
"""... unless it is 2.5 times the noise of any sibling but the noisiest: then half of that."""
NOISE_SHARED = 0.6
"""Wind and clouds make all siblings noisy: their excess (upper quintile) is taken off, but no more
than this, since several siblings may be broken at once."""
NOISE_SIBLING_QUANTILE = 0.8
WHITE_LEAST = 0.35
WHITE_COST = 2.0
"""A broken sensor's noise is white: neighbouring differences correlate by -0.5. What is smoother
than -0.35 is turbulence, and pays."""
NOISE_END = 0.5
"""Hysteresis: noise ends below half of what began it."""

# Level: difference from the siblings, against what is usual at this hour of the day.
LEVEL_BINS = 6
LEVEL_SCALES = 6.0
"""Beyond the usual spread, an hour's mean is off by six scales of the sensor; sun on one wall of
several reached five."""
LEVEL_UNKNOWN = 3.0
LEVEL_SPREADS = 1.65
LEVEL_NEW = 0.15
"""So much of the sensor's own variation is added to its scale while no day is known: sun on one
wall is usual, but must be seen first; shrinks with every day."""
FAR_SCALES = 7.0
FAR_SPREADS = 3.0
"""So far off that one bin is enough."""
LEVEL_END = 0.5
INFORMATIVE = 0.8
"""Siblings explain a sensor when its difference from them varies less than this share of its own
variation. Two fridges do not explain each other: neither's level is judged by the other."""
AGREE = 0.7
"""A sibling within this share of the deviation agrees with the suspect."""
FEW = 5
"""With fewer siblings than this no more than none may agree; else less than half (far off) or a
third (mean)."""

# Step: three readings before and three after with a gap between them.
STEP = 2.5
"""The gap, in units of recent movement plus the usual largest movement (2 % of readings)."""
STEP_BACK = 1.3
"""The least for a step that brings a deviating sensor back to its siblings ..."""
STEP_BACK_EASE = 1.0
"""... where the deviation explains all of it; by the share in between."""
STEP_BACK_SHARE = 0.3
"""From this share on it is called a return."""
STEP_SHARED = 0.8
"""The movement of the second most moving sibling, that is taken off: a front passes all."""
STEP_SCALES = 1.0
"""A step is at least one scale of the level."""
STEP_TOGETHER = 0.7
"""From this share on the step is that of all."""
STEP_ALONE = 5.0
STEP_QUIET = 0.25
"""Without siblings: five units, and before and after all within a quarter of the step."""
SWITCHED = 8.0
"""A sensor whose own mean variation is larger, in its unit, measures what people switch on and off;
alone, it has no habits that could be judged."""
LARGE_SHARE = 0.98
LARGE_RATE = 0.05

STEP_HELD = 6
"""Bins for which a step away from the usual is held open: what it led to tells its name."""

# Spike: one or two readings far off, and back.
SPIKE = 6.0
SPIKE_LONE = 14.0
"""In the units of STEP: three within six hours at SPIKE, or a lone one at SPIKE_LONE."""
SPIKE_COUNT = 3
SPIKE_WITHIN = 6 * 3600.0

# Frozen: a run of equal readings.
FROZEN_COUNT = 18
FROZEN_SECONDS = 1500.0
FROZEN_TIMES = 2.0
"""More than twice as long as the longest run that ended by itself, and ..."""
FROZEN_MOVED = 3.0
"""... the siblings moved by three steps of this sensor's resolution meanwhile"""
FROZEN_MOVED_NEW = 12.0
"""(by twelve before a day is known); or ..."""
FROZEN_ALONE = 6 * 3600.0
"""... it lasts for six hours, where no sibling says anything; before a day is known ..."""
FROZEN_NEW = 8 * 3600.0
"""... for eight: a school may be calm all night."""

# Silence.
SILENT_PERIODS = 10.0
SILENT_LEAST = 2 * 3600.0
SILENT_TIMES = 5.0
"""More than five times the longest usual pause."""
LONGEST_PAUSE = 4 * 3600.0
"""No longer pause becomes usual."""
TOGETHER = 1800.0
OUTAGE_SHARE = 0.6
"""So many of the sensors that spoke, gone within half an hour: the site's fault, not theirs."""
NODE_LEAST = 3
"""So many gone within half an hour share a node, a gateway or a fuse."""
SPEAKING = 6 * 3600.0

# Battery.
BATTERY_LOW = 0.92
PAIR_LOW = 2.5
BATTERY_DEAD = 0.82
"""Two cells in series (2.7 V) or a lithium one (3 V) are nearly empty at 0.92 of the fresh voltage,
and below 2.5 V; many sensors say nonsense from 2.4 V on. Others at 0.82: 3.44 of 4.2 V."""
PERCENT = 20.0
PERCENT_LOW = 15.0
"""What is over 20 when fresh is no voltage but a percentage."""
BATTERY_AHEAD = 2.0
"""Days: the voltage will be low by yesterday's fall (equal hours are compared, since
voltage follows temperature)."""

# Learning.
SUSPECT = 0.7
"""From this share of an alarm on, the sensor's values teach and vouch for less."""
SLOW = 0.1
SLOWER = 0.3
HOURLY = 0.3
"""An hour of the day moves this share of the way to a new day's value."""
SPREAD_LEAST = 0.4
"""Spread is learned even in an episode: sun that comes back each day is no fault for ever."""
