"""The API's addresses, below `/api/v1/`."""

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from tocsin.api import intake, maintenance, state
from tocsin.api.body import BoundedParser
from tocsin.api.problems import answer_problems, not_allowed, not_found

# No interactive documentation: it would load scripts from elsewhere, or ship a megabyte of them.
api = NinjaAPI(
    title="Tocsin",
    version="1",
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
    parser=BoundedParser(),
)
api.add_router("", intake.router)
api.add_router("", state.router)
api.add_router("", maintenance.router)
answer_problems(api)


@csrf_exempt
def _unknown(request: HttpRequest) -> HttpResponse:
    return not_found(request)


def _with_problem(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a wrong method be answered as every other error; ninja would answer it in plain text."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = view(request, *args, **kwargs)
        return not_allowed(request, response) if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED else response

    return answered


_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    if _pattern.callback is not None:
        _pattern.callback = _with_problem(_pattern.callback)
urlpatterns: list[URLPattern | URLResolver] = [path("", (_patterns, _app, _namespace)), re_path(r"^.*$", _unknown)]
