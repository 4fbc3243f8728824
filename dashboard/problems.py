"""Errors as people and programs get them: a page in words, or application/problem+json."""

import logging
from http import HTTPStatus

import orjson
from flask import Flask, Response, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from dashboard.records.fields import BadField, NotNow
from devices.errors import CampusError, StoreError

log = logging.getLogger(__name__)


class BadInput(CampusError, ValueError):
    """A parameter that cannot be used: its name, what is wrong, and what to send instead."""

    def __init__(self, parameter: str, what: str, remedy: str) -> None:
        super().__init__(f"{parameter}: {what}; {remedy}")
        self.parameter, self.what, self.remedy = parameter, what, remedy


class EngineSilent(CampusError):
    """The engine did not answer: what was asked for may or may not happen, and is not claimed."""


class EngineRefused(CampusError):
    """The engine answered no, with its reason."""


def problem(status: int, detail: str, **more: str) -> Response:
    """An answer by RFC 9457."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    answer = Response(
        orjson.dumps({**body, "detail": detail, **more}), status,
        content_type="application/problem+json",
    )  # fmt: skip
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def for_programs() -> bool:
    """Whether this request wants problem+json rather than a page."""
    return request.path.startswith(("/api/", "/metrics", "/live", "/healthz"))


def handle_errors(app: Flask) -> None:
    """Every error ends in words with a next step; what we did not foresee is logged in full."""

    def on_http(error: HTTPException) -> Response:
        if error.code is None or error.code < 400:
            return Response(error.get_response().get_data(), error.code)
        detail = str(error.description or "")
        answer = _answer(error.code, detail)
        retry = error.get_response().headers.get("Retry-After")
        if retry:
            answer.headers["Retry-After"] = retry
        return answer

    def on_bad_input(error: BadInput) -> Response:
        if for_programs():
            return problem(400, error.what, parameter=error.parameter, remedy=error.remedy)
        return _page(400, str(error))

    def on_bad_field(error: BadField) -> Response:
        return on_bad_input(BadInput(error.field, error.what, error.remedy))

    def on_store(error: StoreError) -> Response:
        log.warning("the store could not answer %s: %s", request.path, error)
        return _answer(503, f"the store does not answer: {error}")

    app.register_error_handler(HTTPException, on_http)
    app.register_error_handler(BadInput, on_bad_input)
    app.register_error_handler(BadField, on_bad_field)
    app.register_error_handler(NotNow, lambda error: _answer(409, str(error)))
    app.register_error_handler(StoreError, on_store)
    app.register_error_handler(EngineSilent, lambda error: _answer(503, str(error)))
    app.register_error_handler(EngineRefused, lambda error: _answer(409, str(error)))
    app.register_error_handler(CampusError, lambda error: _answer(503, str(error)))


def _answer(status: int, detail: str) -> Response:
    return problem(status, detail) if for_programs() else _page(status, detail)


def _page(status: int, detail: str) -> Response:
    words = {
        400: (_("这个请求有误"), _("请返回上一页再试一次；若仍不行，请联系信息中心。")),
        401: (_("请先登录"), _("登录后再试一次。")),
        403: (_("没有权限"), _("请换有权限的账号登录，或请管理员开通。")),
        404: (_("没有这个页面"), _("请从总览重新进入。")),
        405: (_("这个地址不支持此操作"), _("请从总览重新进入。")),
        409: (_("操作没有完成"), _("请刷新页面查看最新状态。")),
        413: (_("提交的内容太大"), _("请缩短后再试。")),
        429: (_("尝试过于频繁"), _("请稍等片刻再试。")),
        503: (_("服务暂时没有应答"), _("数据没有丢失；请稍后再试，若持续请联系信息中心。")),
    }
    title, remedy = words.get(status, (_("出了问题"), _("请稍后再试，若持续请联系信息中心。")))
    page = render_template("error.html", title=title, remedy=remedy, detail=detail, status=status)
    return Response(page, status, content_type="text/html; charset=utf-8")
