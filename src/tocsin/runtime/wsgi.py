"""The WSGI application that granian serves: every view is synchronous, so no event loop stands in between."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tocsin.runtime.settings")
application = get_wsgi_application()
