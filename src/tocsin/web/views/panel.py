"""A panel member's page: one tap says whether a function works. The personal link is all it takes.

No login and no eHealth: on the morning this page matters, those are what does not work. The same page works without a
network (`panel_app`), and without JavaScript.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.accounts.models import PanelMember
from tocsin.accounts.panel import known_token, leave_panel, member_by_link, set_contact, set_wishes
from tocsin.kernel.errors import InputError, TocsinError
from tocsin.notifications.services import checked_address
from tocsin.observations.models import PollQuestion, ReportRow
from tocsin.observations.panel import Tap, line_pseudonym, take_tap
from tocsin.observations.polls import question_by_token, question_token
from tocsin.web import panel, present
from tocsin.web.senders import sender_of
from tocsin.web.subscriptions.channels import EMAIL, PUSH, offered

TEXT_LENGTH: Final = 500

ANSWERS: Final = {"yes": True, "no": False}


def for_member(request: HttpRequest, token: str, page: Callable[[PanelMember], HttpResponse]) -> HttpResponse:
    """Answer with the member's page in the member's language; kindly where the link is nobody's any more."""
    return _in_language(request, member_by_link(token, now=present.now()), page)


def _in_language(
    request: HttpRequest, member: PanelMember | None, page: Callable[[PanelMember], HttpResponse]
) -> HttpResponse:
    if member is None:
        return _unknown(request)
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return page(member)
    # Until the member chooses on this very device, the language of the invitation is the best guess.
    with translation.override(member.language):
        return page(member)


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, "web/panel_unknown.html", status=404)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def form(request: HttpRequest, token: str) -> HttpResponse:
    """Ask what works and what does not; take the answer."""
    return for_member(request, token, lambda member: _form(request, token, member))


def _form(request: HttpRequest, token: str, member: PanelMember) -> HttpResponse:
    text = request.POST.get("text", "").strip()[:TEXT_LENGTH]
    problem = ""
    if request.method == "POST":
        function, _, answer = request.POST.get("answer", "").rpartition(":")
        problem = _taken(request, member, function=function, answer=answer, text=text)
        if not problem:
            return redirect(f"{reverse('panel-sent', args=[token])}?{urlencode({'function': function})}")
    push = offered().get(PUSH)
    context = {
        "member": member,
        "token": token,
        "cards": panel.cards(member, pack=present.pack(), now=present.now()),
        "stories": panel.stories(member, now=present.now()),
        "channels": set(member.contacts.values_list("channel", flat=True)),
        "push_key": "" if push is None else push.public_key,
        "problem": problem,
        "given_text": text,
    }
    return render(request, "web/panel.html", context, status=400 if problem else 200)


def _taken(
    request: HttpRequest, member: PanelMember, *, function: str, answer: str, text: str = "", key: str = ""
) -> str:
    """Take one answer; return what to tell the member where it was not taken."""
    known = present.pack().functions.get(function)
    if known is None or member.audience not in known.audiences or answer not in ANSWERS:
        return gettext("Please tap one of the buttons below.")
    now = present.now()
    tap = Tap(function, ANSWERS[answer], now, text, key, sender=line_pseudonym(sender_of(request), now=now))
    try:
        take_tap(member, tap, now=now)
    except TocsinError:
        return gettext("We could not take that in just now. Please try again in a minute.")
    return ""


@require_safe
@never_cache
def sent(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was noted and when, as it stands in the database."""
    return for_member(request, token, lambda member: _sent(request, token, member))


def _sent(request: HttpRequest, token: str, member: PanelMember) -> HttpResponse:
    function = request.GET.get("function", "")
    report = ReportRow.objects.filter(member=member.pseudonym, function=function).order_by("-received_at").first()
    return render(request, "web/panel_sent.html", {"report": report, "token": token})


# The secret in the address is what lets one answer; a mail program's own browser may keep no cookie.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def asked(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question of a letter with its two answers; only a tap here answers it, never the link itself."""
    question = question_by_token(token)
    if question is None:
        return _unknown(request)
    member = PanelMember.objects.filter(pseudonym=question.member, left_at=None).first()
    return _in_language(request, member, lambda known: _asked(request, question, known))


def _asked(request: HttpRequest, question: PollQuestion, member: PanelMember) -> HttpResponse:
    problem = ""
    if request.method == "POST" and panel.is_answerable(question, now=present.now()):
        answer = request.POST.get("answer", "")
        key = f"question-{question.pk}-{answer}"
        problem = _taken(request, member, function=question.poll.function, answer=answer, key=key)
        if not problem:
            return redirect("panel-asked", question_token(question))
    context = {
        "question": question,
        "is_open": panel.is_answerable(question, now=present.now()),
        "said": request.GET.get("say", ""),
        "own": known_token(member),
        "problem": problem,
    }
    return render(request, "web/panel_asked.html", context, status=400 if problem else 200)


@require_POST
@never_cache
def wishes(request: HttpRequest, token: str) -> HttpResponse:
    """Note in what language, when and where a member wants to be asked."""
    return for_member(request, token, lambda member: _wishes(request, token, member))


def _wishes(request: HttpRequest, token: str, member: PanelMember) -> HttpResponse:
    now, given = present.now(), request.POST
    set_wishes(
        member,
        language=translation.get_language()[:2],
        is_on_duty="on_duty" in given,
        wants_end="wants_end" in given,
        now=now,
    )
    try:
        for channel, field in ((EMAIL, "email"), (PUSH, "push")):
            address = given.get(field, "").strip()
            if address:
                set_contact(member, channel=channel, address=checked_address(channel, address), now=now)
            elif f"forget_{field}" in given:
                set_contact(member, channel=channel, address="", now=now)
        messages.success(request, gettext("Noted. You can change it here at any time."))
    except InputError:
        messages.error(request, gettext("We cannot write to this address. Please look at it again."))
    return redirect("panel", token)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Ask whether a member really wants to leave, and let them go."""
    return for_member(request, token, lambda member: _leave(request, token, member))


def _leave(request: HttpRequest, token: str, member: PanelMember) -> HttpResponse:
    is_gone = request.method == "POST"
    if is_gone:
        leave_panel(member, now=present.now())
    return render(request, "web/panel_leave.html", {"token": token, "is_gone": is_gone})
