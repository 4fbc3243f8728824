"""/r/<asset or point>: the page behind a QR code: anybody on the network says what broke."""

from typing import cast

from flask import current_app, make_response, render_template, request
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from werkzeug.exceptions import Forbidden, NotFound
from werkzeug.wrappers import Response

from dashboard.api.work_orders import report_fault
from dashboard.doorstep import Doorstep, at_home
from dashboard.fitted import fittings
from dashboard.page import name_of
from dashboard.photos import BadPhoto
from dashboard.problems import BadInput, EngineRefused, EngineSilent
from dashboard.section import Section, parts
from devices.model import PointId, to_ms

section = Section("report", __name__, "/r")
OLDEST_S = 6 * 3600
LONGEST = {"title": 120, "description": 1000, "name": 40, "phone": 30}


@section.path("/<path:id>", None)
def form(id: str) -> Response:
    """What is broken here? Without logging in; shows nothing of other people."""
    return _page(id)


@section.path("/<path:id>", None, methods=("POST",), bulky=True)
def send(id: str) -> Response:
    """The report goes to the engine like any other; duplicates join the open entry."""
    name, place, known = _device(id)
    given = {key: request.form.get(key, "").strip()[:most] for key, most in LONGEST.items()}
    trouble = _suspicious() or (not given["title"] and str(_("请写哪里坏了。"))) or ""
    if trouble:
        return _page(id, trouble, 400)
    doorstep = cast(Doorstep, current_app.extensions["doorstep"])
    wait = doorstep.wait(request.remote_addr or "", id, parts().clock.monotonic())
    if wait > 0:
        minutes = int(wait // 60) + 1
        busy = _("报修太频繁，请 %(n)d 分钟后再试，或直接打电话。", n=minutes)
        answer = _page(id, busy, 429)
        answer.headers["Retry-After"] = str(int(wait) + 1)
        return answer
    wish = {"title": given["title"], "description": given["description"],
            "phone": given["phone"], "place": place, **known}  # fmt: skip
    who = f"扫码报修 {given['name']}".strip()
    try:
        photo = request.files.get("photo")
        if photo is not None and photo.filename:
            wish["photo"] = parts().upkeep.photos.keep(photo.stream.read())
        done = report_fault(wish, who)
    except BadPhoto as error:
        return _page(id, str(error), 400)
    except (BadInput, EngineSilent, EngineRefused):
        return _page(id, _("现在没有送到，请稍后再试，或直接打电话。"), 503)
    number = (done.get("work_order") or {}).get("number", "")
    page = render_template("report.html", id=id, name=name, place=place, done=True, number=number,
                           merged=bool(done.get("merged")), trouble="", given={})  # fmt: skip
    return make_response(page)


def _page(id: str, trouble: str = "", status: int = 200) -> Response:
    name, place, _known = _device(id)
    given = {key: request.form.get(key, "")[:most] for key, most in LONGEST.items()}
    page = render_template(
        "report.html", id=id, name=name, place=place, done=False, trouble=trouble, given=given,
        stamp=_stamps().dumps(to_ms(parts().clock.now())),
    )  # fmt: skip
    return make_response(page, status)


def _device(id: str) -> tuple[str, str, dict[str, str]]:
    """Its name, its place, and by what the engine knows it; 404 where it is nothing of ours."""
    if not at_home(request.remote_addr or ""):
        raise Forbidden("reports by QR code are taken from the school's own network only")
    here = parts()
    point = here.site.points.get(PointId(id))
    if point is not None:
        return name_of(point), point.room, {"point": id}
    asset = here.upkeep.assets.get(id)
    points = fittings().points_of(id, here.clock.now())
    if asset is None and not points:
        raise NotFound("there is no such device")
    place = points[0].room if points else ""
    if asset is not None:
        if asset.place in here.site.places:
            place = asset.place
        name = name_of(asset)
    else:
        name = name_of(points[0])
    return name, place or next(iter(here.site.places)), {"asset": id}


def _stamps() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="report")


def _suspicious() -> str:
    """Why it looks as if a machine filled the form; empty where it does not."""
    if request.form.get("website"):
        return str(_("没有收到，请重新填写。"))
    try:
        made = int(_stamps().loads(request.form.get("stamp", "")))
    except (BadSignature, TypeError, ValueError):
        made = 0
    age = (to_ms(parts().clock.now()) - made) / 1000
    return "" if 0 <= age <= OLDEST_S else str(_("页面已过期，请再提交一次。"))
