"""Where everything is reached.

`/` and `/console/`, `/login/`, `/panel/…` are the web's · `/subscribe/…` its subscriptions · `/api/v1/…` the API's ·
`/healthz` and `/readyz` answer monitors · `/site/…` and `/static/…` are files, which `middleware` answers with.
"""

from django.urls import URLPattern, URLResolver, include, path

from tocsin.runtime import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("robots.txt", views.robots, name="robots"),
    path("healthz", views.alive, name="healthz"),
    path("readyz", views.ready, name="readyz"),
    path("api/v1/", include("tocsin.api.urls")),
    path("subscribe/", include("tocsin.web.subscriptions.urls")),
    path("", include("tocsin.web.urls")),
]
