"""The ASGI application that granian serves."""

import os

from django.core.asgi import get_asgi_application

from tocsin.api.guard import bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.runtime.settings")
application = bounded(get_asgi_application())
