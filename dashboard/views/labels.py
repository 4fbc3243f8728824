"""/labels: A4 sheets of QR labels that lead to the report page of a device, drawn here as SVG."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import segno
from flask import render_template, request
from markupsafe import Markup

from dashboard.doorstep import at_home
from dashboard.fitted import fittings
from dashboard.page import name_of
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("labels", __name__, "/labels")


@dataclass(frozen=True, slots=True)
class Label:
    """One label: what is printed beside the code, and the code itself."""

    id: str
    name: str
    place: str
    address: str

    @property
    def code(self) -> Markup:
        """Of 15 % redundancy; nothing of it comes from outside but the address it encodes."""
        made = segno.make(self.address, error="m", micro=False)
        return Markup(made.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None))


@section.path("", Permission.VIEW)
def sheet() -> str:
    """Labels of a place, of a few devices by number, or of all; to be printed and cut."""
    asked, base = request.args.get("place", ""), _base()
    wanted = [id for id in request.args.getlist("id") if id]
    labels = [
        label for label in _labels(base)
        if (not asked or label.place == asked) and (not wanted or label.id in wanted)
    ]  # fmt: skip
    return render_template(
        "labels.html", labels=labels, place=asked, base=base, own=_own(base), wanted=wanted
    )


def _base() -> str:
    """Where phones reach the dashboard; as it was asked now, unless somebody says otherwise."""
    given = request.args.get("base", "").strip().rstrip("/")[:200]
    given = given if not given or "://" in given else f"http://{given}"
    parted = urlsplit(given)
    if parted.scheme in ("http", "https") and parted.netloc and not parted.query:
        return given
    return request.host_url.rstrip("/")


def _own(base: str) -> bool:
    """Whether only this very machine can follow the address."""
    host = urlsplit(base).hostname or ""
    return host == "localhost" or host.startswith("127.") or (host == "::1" and at_home(host))


def _labels(base: str) -> list[Label]:
    """Devices first, each once; then points without a device of their own."""
    here, known, now = parts(), fittings(), parts().clock.now()
    cards = {asset.number: asset for asset in here.upkeep.assets.every()}
    found: dict[str, tuple[str, str]] = {
        number: (name_of(asset), asset.place) for number, asset in cards.items()
        if asset.status != "disposed"
    }  # fmt: skip
    for point in here.site.points.values():
        asset = known.asset_of(point, now)
        id = asset or point.id
        if id not in found:
            found[id] = (name_of(point), point.room)
    return [Label(id, name, place, f"{base}/r/{quote(id)}") for id, (name, place) in found.items()]
