"""Coming in, going out, and the language one reads."""

import math
from datetime import timedelta

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from tocsin.accounts import services
from tocsin.accounts.models import Operator
from tocsin.kernel.clock import SystemClock
from tocsin.web import present
from tocsin.web.senders import sender_of

TOO_MANY_REQUESTS = 429


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
        """Let the operator in; audited first, so that nobody is in without it."""
        operator = form.get_user()
        assert isinstance(operator, Operator)
        services.welcome(operator, tried=self._tried(), sender=sender_of(self.request), now=present.now())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Say kindly that it was not right."""
        services.refuse_login(
            self._tried(), sender=sender_of(self.request), machine_now=SystemClock().now(), now=present.now()
        )
        return super().form_invalid(form)

    def _tried(self) -> str:
        return self.request.POST.get("username", "")

    def _turned_away(self, wait: timedelta) -> HttpResponse:
        # A form without data: one that was filled in would look at the password as soon as it is asked for errors.
        blank = AuthenticationForm(self.request, initial={"username": self._tried()})
        minutes = math.ceil(wait / timedelta(minutes=1))
        context = self.get_context_data(form=blank, wait_minutes=minutes)
        headers = {"Retry-After": str(math.ceil(wait.total_seconds()))}
        return self.render_to_response(context, status=TOO_MANY_REQUESTS, headers=headers)


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
