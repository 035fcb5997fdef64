"""Where a page's link leads: one draft, on a telephone."""

from django.urls import URLPattern, URLResolver, path

from tocsin.web.approvals import views

urlpatterns: list[URLPattern | URLResolver] = [path("<str:token>/", views.approve, name="approve")]
