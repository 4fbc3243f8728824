"""/api/v1/write-offs: 报废流程 of assets, step by step."""

from flask import Response
from werkzeug.exceptions import NotFound

from dashboard.api.answers import json_answer
from dashboard.api.parameters import body
from dashboard.auth import person
from dashboard.records.writeoffs import Disposal, Reason, WriteOff
from dashboard.roles import Permission
from dashboard.section import Section, parts

section = Section("api_write_offs", __name__, "/api/v1/write-offs")


@section.path("", Permission.VIEW)
def every_write_off() -> Response:
    """Every case with its steps and signatures, newest first."""
    return json_answer(
        {"write_offs": [case.as_json() for case in parts().upkeep.write_offs.every()]}
    )


@section.path("", Permission.REPAIR, methods=("POST",), body={
    "asset": "an asset's number; required", "reason": ", ".join(Reason), "detail": "required",
})  # fmt: skip
def begin() -> Response:
    """A draft; the asset is marked as to be written off."""
    made = parts().upkeep.write_offs.begin(body(), person().signature)
    return json_answer(made.as_json(), 201)


@section.path("/<id>/approve", Permission.ADMINISTER, methods=("POST",),
              body={"approval": "by whom, under which number; required"})  # fmt: skip
def approve(id: str) -> Response:
    """Approved by those in charge; an administrator enters it."""
    known_case(id)
    done = parts().upkeep.write_offs.step(id, "approve", body(), person().signature)
    return json_answer(done.as_json())


@section.path("/<id>/<do>", Permission.REPAIR, methods=("POST",), body={
    "signer": "who signs (else you)", "note": "the opinion; required for sign",
    "disposal": ", ".join(Disposal), "data_wiped": "true: no data is left; required for dispose",
    "proceeds": "yuan; required for close",
})  # fmt: skip
def step(id: str, do: str) -> Response:
    """sign (three different people), dispose, close, withdraw."""
    known_case(id)
    if do not in ("sign", "dispose", "close", "withdraw"):
        raise NotFound("a case knows sign, approve, dispose, close and withdraw")
    return json_answer(parts().upkeep.write_offs.step(id, do, body(), person().signature).as_json())


def known_case(id: str) -> WriteOff:
    found = parts().upkeep.write_offs.get(id)
    if found is None:
        raise NotFound(f"there is no case {id[:40]!r}")
    return found
