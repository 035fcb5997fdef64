"""Planned maintenance on the console: what is announced, a form to announce more, and one click to end or call off."""

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tocsin.changes import services
from tocsin.changes.queries import planned
from tocsin.changes.services import Plan, planned_moment
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.language import LANGUAGES
from tocsin.web import present, problems

ACTS = {"end": services.end, "cancel": services.cancel}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def maintenance(request: HttpRequest) -> HttpResponse:
    """Show what is planned; announce what the form says, or give the form back with what is wrong."""
    given: Mapping[str, str] = {}
    if request.method == "POST":
        try:
            plan = _plan(request)
            services.announce(plan, pack=present.pack(), by=request.user.get_username(), now=present.now())
        except TocsinError as error:
            messages.error(request, problems.sentence(error))
            given = request.POST.dict()
        else:
            return redirect("console-maintenance")
    pack = present.pack()
    context = {
        "works": planned(present.now()),
        "pack": pack,
        "languages": [(language, given.get(f"effect_{language}", "")) for language in LANGUAGES],
        "given": given,
        "chosen": {name: request.POST.getlist(name) for name in ("services", "functions", "audiences")},
        "now": present.now(),
    }
    return render(request, "web/maintenance.html", context)


@require_POST
@login_required
def act(request: HttpRequest, maintenance_id: str, act: str) -> HttpResponse:
    """Say that a maintenance is over, or call it off."""
    if act not in ACTS:
        raise Http404
    try:
        ACTS[act](maintenance_id, by=request.user.get_username(), now=present.now())
    except TocsinError as error:
        messages.error(request, problems.sentence(error))
    return redirect("console-maintenance")


def _plan(request: HttpRequest) -> Plan:
    post = request.POST
    return Plan(
        services=post.getlist("services"),
        start=planned_moment(post.get("start", "")),
        end=planned_moment(post.get("end", "")),
        effect={language: post.get(f"effect_{language}", "") for language in LANGUAGES},
        functions=post.getlist("functions"),
        audiences=post.getlist("audiences") or None,
        is_public="internal" not in post,
    )
