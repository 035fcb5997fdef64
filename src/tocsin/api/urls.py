"""The API's addresses, below `/api/v1/`."""

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI

from tocsin.api import intake, state
from tocsin.api.body import BoundedParser
from tocsin.api.problems import answer_problems, not_found

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
answer_problems(api)


@csrf_exempt
def _unknown(request: HttpRequest) -> HttpResponse:
    return not_found(request)


urlpatterns: list[URLPattern | URLResolver] = [path("", api.urls), re_path(r"^.*$", _unknown)]
