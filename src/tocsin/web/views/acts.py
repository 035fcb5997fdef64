"""What the duty officer does: each a POST, each through a service that audits it.

With htmx the answer is the refreshed board; without, one is led back to where one was.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from tocsin.bulletins import governing, mending
from tocsin.bulletins import services as bulletins
from tocsin.continuity import services as continuity
from tocsin.incidents import services as incidents
from tocsin.kernel.errors import TocsinError
from tocsin.web import presence, present, problems, queries

EXTENSION = timedelta(hours=1)
"""How much longer a procedure stays in force by one click."""

type Act = Callable[..., object]

ON_POLICY: Mapping[str, Act] = {
    "hold": governing.hold,
    "release": governing.release,
    "unlock": governing.unlock_automation,
    "lock": governing.lock_automation,
}
ON_BULLETIN: Mapping[str, Act] = {"publish": bulletins.approve, "discard": bulletins.discard_draft}
ON_INCIDENT: Mapping[str, Act] = {
    "take": incidents.take,
    "confirm": incidents.confirm,
    "mitigated": incidents.mitigated,
}
ON_ACTIVATION: Mapping[str, Act] = {
    "confirm": continuity.confirm_activation,
    "end": continuity.end_activation,
}


@require_POST
@login_required
def on_policy(request: HttpRequest, act: str) -> HttpResponse:
    """Hold or release everything automatic, unlock or lock automation."""
    service = _known(ON_POLICY, act)
    return _done(request, lambda by, now: service(by=by, now=now))


@require_POST
@login_required
def on_bulletin(request: HttpRequest, bulletin_id: str, act: str) -> HttpResponse:
    """Approve a draft, which publishes it once enough people agree, or set it aside."""
    service = _known(ON_BULLETIN, act)
    if act == "publish" and (page := presence.owed(request)) is not None:
        return page
    return _done(request, lambda by, now: service(bulletin_id, by=by, now=now))


@require_POST
@login_required
def on_activation(request: HttpRequest, activation_id: int, act: str) -> HttpResponse:
    """Put a proposed procedure in force, keep it in force longer, or end it."""
    if act == "extend":
        return _done(
            request,
            lambda by, now: continuity.extend_activation(activation_id, until=now + EXTENSION, by=by, now=now),
        )
    service = _known(ON_ACTIVATION, act)
    return _done(request, lambda by, now: service(activation_id, by=by, now=now))


@require_POST
@login_required
def on_incident(request: HttpRequest, incident_id: str, act: str) -> HttpResponse:
    """Take an incident, confirm it, call it mitigated, close it, take it back, note something on its timeline.

    `force` puts every procedure that is proposed for it in force.
    """
    words = request.POST.get("text", "")
    if act == "note":
        return _done(request, lambda by, now: incidents.note(incident_id, words, by=by, now=now))
    if act == "close":
        return _done(request, lambda by, now: incidents.close(incident_id, reason=words, by=by, now=now))
    if act == "retract":
        return _retracted(request, incident_id, words)
    if act == "force":
        return _done(request, lambda by, now: continuity.confirm_proposed(incident_id, by=by, now=now))
    service = _known(ON_INCIDENT, act)
    return _done(request, lambda by, now: service(incident_id, by=by, now=now))


def _retracted(request: HttpRequest, incident_id: str, reason: str) -> HttpResponse:
    if request.POST.get("sure") != "yes":
        # Everybody who was told is about to be told that we were wrong: never by a slip.
        messages.error(request, gettext("Tick the box as well: everyone who was told will be told that we were wrong."))
        return _answer(request)
    if (page := presence.owed(request)) is not None:
        return page
    return _done(request, lambda by, now: mending.retract(incident_id, reason=reason, by=by, now=now))


def _known(acts: Mapping[str, Act], act: str) -> Act:
    if act not in acts:
        raise Http404
    return acts[act]


def _done(request: HttpRequest, service: Callable[[str, datetime], object]) -> HttpResponse:
    try:
        service(request.user.get_username(), present.now())
    except ObjectDoesNotExist as error:
        raise Http404 from error
    except TocsinError as error:
        if error.http_status == HTTPStatus.NOT_FOUND:
            raise Http404 from error
        # Somebody else was quicker, or the state moved on: say so and show what is so now.
        messages.error(request, problems.sentence(error))
    return _answer(request)


def _answer(request: HttpRequest) -> HttpResponse:
    if request.headers.get("HX-Request"):
        console = queries.console(now=present.now(), pack=present.pack(), procedures=present.procedures())
        return render(request, "web/_board.html", {"console": console})
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return redirect(wanted)
    return redirect("console")
