"""Coming in, going out, and the language one reads."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from tocsin.accounts import factors, services
from tocsin.accounts.errors import FactorError
from tocsin.accounts.models import Operator
from tocsin.kernel.clock import SystemClock
from tocsin.web import presence, present, proofs
from tocsin.web.senders import sender_of
from tocsin.web.waits import TOO_MANY_REQUESTS, minutes_of, told_to_wait

HALFWAY = "halfway_in"
"""Where the session keeps who gave a good password and owes a second factor."""

HALFWAY_FOR = timedelta(minutes=10)

PURPOSE = "login"


class Login(LoginView):
    """The login page; whoever is in already goes on to the console. Every try is audited, and many make one wait."""

    template_name = "web/login.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        """Look at name and password, unless this name or this sender was refused too often just now."""
        # The machine's clock: on a replayed morning fifteen minutes would pass in fifteen seconds.
        wait = services.admit_login(self._tried(), sender=sender_of(request), now=SystemClock().now())
        return super().post(request, *args, **kwargs) if wait is None else self._turned_away(wait)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Let the operator in, or ask for the second factor; audited first, so that nobody is in without it."""
        operator = form.get_user()
        assert isinstance(operator, Operator)
        if factors.has_factor(operator):
            # The tries stay counted until the factor is proven too: a known password must not reset them.
            return self._halfway(operator)
        services.welcome(operator, tried=self._tried(), sender=sender_of(self.request), now=present.now())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Say kindly that it was not right."""
        services.refuse_login(
            self._tried(), sender=sender_of(self.request), machine_now=SystemClock().now(), now=present.now()
        )
        return super().form_invalid(form)

    def _halfway(self, operator: Operator) -> HttpResponse:
        self.request.session.cycle_key()
        self.request.session[HALFWAY] = {
            "operator": operator.pk,
            "tried": self._tried(),
            "next": self.get_success_url(),
            "at": SystemClock().now().isoformat(),
        }
        return redirect("login-factor")

    def _tried(self) -> str:
        return self.request.POST.get("username", "")

    def _turned_away(self, wait: timedelta) -> HttpResponse:
        # A form without data: one that was filled in would look at the password as soon as it is asked for errors.
        blank = AuthenticationForm(self.request, initial={"username": self._tried()})
        context = self.get_context_data(form=blank, wait_minutes=minutes_of(wait))
        return told_to_wait(self.render_to_response(context, status=TOO_MANY_REQUESTS), wait)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask whoever gave a good password for a code or a passkey, and let them in when it is good."""
    halfway = _halfway_in(request)
    if halfway is None:
        return redirect("login")
    operator, kept = halfway
    if request.method != "POST":
        return _factor_page(request, operator, {})
    wait = services.admit_login(kept["tried"], sender=sender_of(request), now=SystemClock().now())
    if wait is not None:
        return _factor_page(request, operator, {"wait_minutes": minutes_of(wait)}, wait=wait)
    proof = proofs.shown(request, purpose=PURPOSE)
    try:
        factors.prove(operator, proof, purpose=PURPOSE, machine_now=SystemClock().now(), now=present.now())
    except FactorError as error:
        return _factor_page(request, operator, {"problem": error.code})
    services.welcome(operator, tried=kept["tried"], sender=sender_of(request), now=present.now(), tries=2)
    login(request, operator)
    request.session.pop(HALFWAY, None)
    presence.note_proof(request, operator)
    return redirect(_safe(request, kept["next"]))


def _halfway_in(request: HttpRequest) -> tuple[Operator, Mapping[str, Any]] | None:
    kept = request.session.get(HALFWAY)
    if kept is None or SystemClock().now() - datetime.fromisoformat(kept["at"]) > HALFWAY_FOR:
        return None
    operator = Operator.objects.filter(pk=kept["operator"], is_active=True).first()
    return None if operator is None else (operator, kept)


def _factor_page(
    request: HttpRequest, operator: Operator, context: dict[str, Any], *, wait: timedelta | None = None
) -> HttpResponse:
    question = proofs.asked(request, factors.ask_for_passkey(operator), purpose=PURPOSE)
    status = TOO_MANY_REQUESTS if wait is not None else 200
    standing = {"question": question, "acts": [("login", gettext("Log in"))]}
    return told_to_wait(render(request, "web/login_factor.html", standing | context, status=status), wait)


def _safe(request: HttpRequest, wanted: str) -> str:
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else "console"


class Logout(LogoutView):
    """Leaves the console; by POST only, so that no link can do it."""

    next_page = "login"

    def post(self, request: HttpRequest, *args: str, **kwargs: str) -> HttpResponse:
        """End the session, and audit that it ended."""
        if isinstance(request.user, Operator):
            services.farewell(request.user, now=present.now())
        return super().post(request, *args, **kwargs)


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and return to where the reader was."""
    return set_language(request)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead on to the console."""
    del request
    return redirect("console")
