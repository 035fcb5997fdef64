"""A panel member's page: one tap says whether a function works. The personal link is all it takes.

No login and no eHealth: on the morning this page matters, those are what does not work.
"""

from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import member_by_link
from tocsin.catalog.rules.model import Function
from tocsin.kernel.errors import TocsinError
from tocsin.observations.models import ReportRow
from tocsin.web import panel, present

TEXT_LENGTH = 500

ANSWERS = {"yes": True, "no": False}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def form(request: HttpRequest, token: str) -> HttpResponse:
    """Ask what works and what does not; take the answer."""
    return _for_member(request, token, lambda member: _form(request, token, member))


@require_safe
@never_cache
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was noted and when, as it stands in the database."""
    return _for_member(request, token, lambda member: _sent(request, token, member))


def _for_member(request: HttpRequest, token: str, page: Callable[[PanelMember], HttpResponse]) -> HttpResponse:
    member = member_by_link(token, now=present.now())
    if member is None:
        return render(request, "web/panel_unknown.html", status=404)
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return page(member)
    # Until the member chooses on this very device, the language of the invitation is the best guess.
    with translation.override(member.language):
        return page(member)


def functions_of(member: PanelMember) -> list[Function]:
    """Return what the member's profession does, in the pack's order."""
    return [function for function in present.pack().functions.values() if member.audience in function.audiences]


def _form(request: HttpRequest, token: str, member: PanelMember) -> HttpResponse:
    text = request.POST.get("text", "").strip()[:TEXT_LENGTH]
    problem = ""
    if request.method == "POST":
        function, _, answer = request.POST.get("answer", "").rpartition(":")
        known = {item.id for item in functions_of(member)}
        if function in known and answer in ANSWERS:
            try:
                panel.report(member, function=function, works=ANSWERS[answer], text=text, now=present.now())
            except TocsinError:
                problem = gettext("We could not take that in just now. Please try again in a minute.")
            else:
                return redirect(f"{reverse('panel-sent', args=[token])}?{urlencode({'function': function})}")
        else:
            problem = gettext("Please tap one of the buttons below.")
    context = {
        "member": member,
        "token": token,
        "functions": functions_of(member),
        "problem": problem,
        "given_text": text,
    }
    return render(request, "web/panel.html", context, status=400 if problem else 200)


def _sent(request: HttpRequest, token: str, member: PanelMember) -> HttpResponse:
    function = request.GET.get("function", "")
    report = ReportRow.objects.filter(member=member.pseudonym, function=function).order_by("-received_at").first()
    return render(request, "web/panel_sent.html", {"report": report, "token": token})
