"""'I have this problem too': a visitor of the public page tells the duty officer so, with one tap and no login.

It changes no page by itself, and says so: whoever pressed the button must not wait for the page to follow.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tocsin.catalog.rules.model import Audience, Function
from tocsin.kernel.errors import InputError
from tocsin.kernel.language import LANGUAGES
from tocsin.observations.crowd import note_problem
from tocsin.web import present
from tocsin.web.queries import is_announced
from tocsin.web.senders import sender_of


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def form(request: HttpRequest) -> HttpResponse:
    """Ask what fails for whom; count the answer. `?language=`, `?audience=` and `?function=` choose beforehand."""
    asked = request.GET.get("language", "")
    language = next((code for code in LANGUAGES if code == asked), None) or translation.get_language()[:2]
    with translation.override(language):
        return _answered(request) if request.method == "POST" else _form(request)


def _form(request: HttpRequest, *, problem: str = "") -> HttpResponse:
    audience = present.pack().audiences.get(request.GET.get("audience", ""))
    context = {
        "audience": audience,
        "audiences": tuple(present.pack().audiences.values()),
        "functions": _functions(audience, first=request.GET.get("function", "")),
        "problem": problem,
        **_leads(audience),
    }
    return render(request, "web/problem.html", context, status=400 if problem else 200)


def _functions(audience: Audience | None, *, first: str) -> list[Function]:
    if audience is None:
        return []
    own = [function for function in present.pack().functions.values() if audience.id in function.audiences]
    # The one that the visitor was reading about comes first; the others keep the pack's order.
    return sorted(own, key=lambda function: function.id != first)


def _answered(request: HttpRequest) -> HttpResponse:
    audience, function = request.GET.get("audience", ""), request.POST.get("function", "")
    try:
        is_new = note_problem(function=function, audience=audience, sender=sender_of(request), now=present.now())
    except InputError:
        return _form(request, problem=gettext("Please tap one of the buttons below."))
    known = is_announced(function, audience=audience, now=present.now())
    context = {"function": function, "is_new": is_new, "is_known": known, **_leads(present.pack().audiences[audience])}
    return render(request, "web/problem_sent.html", context)


def _leads(audience: Audience | None) -> dict[str, str]:
    site = str(settings.CONFIGURATION.site_url).rstrip("/")
    language = translation.get_language()[:2]
    return {"page": f"{site}/{language}/{audience.id}/" if audience is not None else f"{site}/{language}/"}
