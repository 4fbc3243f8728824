"""/photos/<name>.jpg: pictures of the maintenance log and the registers."""

from flask import Response
from werkzeug.exceptions import NotFound

from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("photos", __name__, "/photos")


@section.path("/<name>.jpg", Permission.VIEW)
def picture(name: str) -> Response:
    """One picture; its name is the hash of its bytes, so it never changes."""
    data = parts().upkeep.photos.read(name)
    if data is None:
        raise NotFound("there is no such photo")
    answer = Response(data, content_type="image/jpeg")
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    answer.headers["Content-Disposition"] = f'inline; filename="{name[:12]}.jpg"'
    return answer
