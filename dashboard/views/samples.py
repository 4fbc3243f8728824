"""/canteen/samples: the sample fridge: what is in it, since when, and when it may be destroyed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from dashboard import words
from dashboard.auth import person
from dashboard.panels import panels
from dashboard.records.canteen import LEAST_GRAMS, CanteenError, FoodSample
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("samples", __name__)
SHOWN = timedelta(days=7)
OVERDUE = timedelta(hours=24)
"""Beyond the time from which a sample may be destroyed; after that it is told as forgotten."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The samples by what is to be done with them, the most urgent first."""

    due: tuple[FoodSample, ...]
    kept: tuple[FoodSample, ...]
    sealed: tuple[FoodSample, ...]
    gone: tuple[FoodSample, ...]
    overdue: int


def shelf(now: datetime) -> Shelf:
    """Raises CampusError where the register is away."""
    every = parts().canteen.samples(now - SHOWN)
    here = [sample for sample in every if sample.destroyed_at is None]
    due = [s for s in here if not s.sealed_by and s.due <= now]
    return Shelf(
        tuple(due),
        tuple(s for s in here if not s.sealed_by and s.due > now),
        tuple(s for s in here if s.sealed_by),
        tuple(s for s in reversed(every) if s.destroyed_at is not None),
        sum(now - s.due > OVERDUE for s in due),
    )


@section.path("/canteen/samples", Permission.VIEW)
def samples() -> str:
    """What is kept, what may be destroyed, what is sealed."""
    fridges = panels(parts().site.points_of("temperature-sample"))
    return render_template(
        "samples.html", shelf=shelf(parts().clock.now()), fridges=fridges, least=LEAST_GRAMS
    )


@section.path("/canteen/samples", Permission.RECORD_FOOD, methods=("POST",))
def keep() -> Response:
    """A dish goes into the fridge."""
    form = request.form
    grams = form.get("grams", "")
    done = _("已登记留样，48 小时后可以销样。")
    return _told(
        lambda: parts().canteen.keep(
            form.get("meal", ""), form.get("dish", ""),
            int(grams) if grams.isascii() and grams.isdigit() and len(grams) < 6 else 0,
            person().shown, form.get("slot", ""), form.get("note", ""),
        ),
        done,
    )  # fmt: skip


@section.path("/canteen/samples/<int:sample>/destroy", Permission.RECORD_FOOD, methods=("POST",))
def destroy(sample: int) -> Response:
    """A sample whose time is over is thrown away."""
    return _told(lambda: parts().canteen.destroy(sample, person().shown), _("已登记销样。"))


@section.path("/canteen/samples/<int:sample>/seal", Permission.RECORD_FOOD, methods=("POST",))
def seal(sample: int) -> Response:
    """A sample is needed for an inquiry and must not be thrown away."""
    return _told(lambda: parts().canteen.seal(sample, person().shown), _("已封存，不得销样。"))


def _told(act: Callable[[], FoodSample], done: str) -> Response:
    try:
        act()
    except CanteenError as error:
        flash(words.word(words.CANTEEN_REFUSALS, error.code), "error")
    else:
        flash(done, "done")
    return redirect(url_for("samples.samples"))
