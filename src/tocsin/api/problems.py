"""Every error is an RFC 9457 problem document, and every one is counted where operators see it."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tocsin.api.clock import now
from tocsin.kernel.errors import TocsinError
from tocsin.observations import services as observations

log = logging.getLogger(__name__)


def problem(
    request: HttpRequest, *, status: int, code: str, detail: str, hint: str = "", facts: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Return the problem document and count it."""
    document = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
        **({"hint": hint} if hint else {}),
        **(facts or {}),
    }
    _count(request, code=code, detail=detail)
    response = HttpResponse(json.dumps(document), status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tocsin"'
    return response


def answer_problems(api: NinjaAPI) -> None:
    """Let the API answer each kind of error with its problem document."""
    api.add_exception_handler(TocsinError, _tocsin)
    api.add_exception_handler(ValidationError, _validation)
    api.add_exception_handler(AuthenticationError, _unauthenticated)
    api.add_exception_handler(HttpError, _http)
    api.add_exception_handler(Http404, lambda request, _: not_found(request))
    api.add_exception_handler(Exception, _unforeseen)


def not_found(request: HttpRequest) -> HttpResponse:
    """Answer for an address that there is not."""
    return problem(
        request,
        status=404,
        code="address.unknown",
        detail=f"There is nothing at {request.path}.",
        hint="openapi.json lists all addresses.",
    )


def not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Answer for a method that an address does not take; `response` says which it does."""
    allowed = response.headers.get("Allow", "")
    answer = problem(
        request,
        status=405,
        code="method.not_allowed",
        detail=f"{request.method} is not taken at {request.path}.",
        hint=f"Use {allowed}." if allowed else "",
    )
    answer.headers["Allow"] = allowed
    return answer


def _count(request: HttpRequest, *, code: str, detail: str) -> None:
    source = request.path.removeprefix("/api/v1/")[:40] if code != "address.unknown" else "api"
    try:
        observations.count_refusal(source, code=code, message=detail, now=now())
    except DatabaseError:
        log.exception("a refusal (%s) could not be counted", code)


def _tocsin(request: HttpRequest, error: Any) -> HttpResponse:
    return problem(
        request, status=error.http_status, code=error.code, detail=error.message, hint=error.hint, facts=error.facts
    )


def _validation(request: HttpRequest, error: Any) -> HttpResponse:
    faults = [{"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]} for fault in error.errors[:20]]
    first = faults[0] if faults else {"where": "body", "what": "invalid"}
    return problem(
        request,
        status=422,
        code="body.invalid",
        detail=f"{first['where']}: {first['what']}",
        hint="openapi.json says what is expected.",
        facts={"faults": faults},
    )


def _unauthenticated(request: HttpRequest, _: Any) -> HttpResponse:
    return problem(
        request,
        status=401,
        code="key.missing",
        detail="This address needs an API key.",
        hint="Send it as: Authorization: Bearer tocsin_…",
    )


def _http(request: HttpRequest, error: Any) -> HttpResponse:
    # ninja wraps whatever the body's parser raises.
    if isinstance(error.__cause__, TocsinError):
        return _tocsin(request, error.__cause__)
    return problem(request, status=error.status_code, code="request.refused", detail=error.message)


def _unforeseen(request: HttpRequest, error: Any) -> HttpResponse:
    log.error("unforeseen error at %s", request.path, exc_info=error)
    return problem(
        request,
        status=500,
        code="internal",
        detail="Something went wrong on our side; nothing of this request was acknowledged.",
        hint="Send it again later.",
    )
