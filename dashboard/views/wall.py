"""/wall: pages in turn for a screen that nobody touches, by a revocable link of its own."""

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from dashboard.auth import WALL_COOKIE, wall_screen
from dashboard.panels import open_alerts, panels
from dashboard.roles import Permission
from dashboard.section import Section, parts
from dashboard.views.classrooms import floors_shown
from dashboard.views.overview import campus_plan, panels_by_place
from dashboard.views.places import canteen_points

section = Section("wall", __name__)
TEN_YEARS_S = 10 * 365 * 86400


@section.path("/wall", Permission.WATCH)
def wall() -> str:
    """What is wrong, the campus, the canteen, the gates and the rooms, one after the other."""
    site = parts().site
    everything = panels(site.points.values())
    servers = {place.id for place in site.places.values() if place.type == "server-room"}
    return render_template(
        "wall.html",
        alerts=[alert for alert in open_alerts() if alert.state != "shelved"],
        units=canteen_points(),
        gates=panels(site.points_of("gate")),
        servers=[p for p in everything if p.place.id in servers and p.unit],
        floors=floors_shown(),
        moment=parts().plan.calendar.moment(parts().clock.now()),
        **campus_plan(panels_by_place(everything)),
    )  # fmt: skip


@section.path("/wall/enter/<token>", None)
def enter(token: str) -> Response:
    """The screen's own link: from now on this browser shows the wall without a log-in."""
    if wall_screen(parts().accounts, token) is None:
        raise NotFound("this link is not valid any more: ask an administrator for a new one")
    answer = redirect(url_for("wall.wall"))
    answer.set_cookie(
        WALL_COOKIE, token, max_age=TEN_YEARS_S, path="/", samesite="Lax", httponly=True,
        secure=request.is_secure,
    )  # fmt: skip
    return answer
