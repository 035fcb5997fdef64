"""Coming in, going out, and the language one reads."""

from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language


class Login(LoginView):
    """The login page; whoever is in already goes on to the console."""

    template_name = "web/login.html"
    redirect_authenticated_user = True


class Logout(LogoutView):
    """Leaves the console; by POST only, so that no link can do it."""

    next_page = "login"


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the language in a cookie and return to where the reader was."""
    return set_language(request)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead on to the console."""
    del request
    return redirect("console")
