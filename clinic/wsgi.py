"""The door gunicorn comes in by."""

import os

from django.core.wsgi import get_wsgi_application

from clinic.bodies import Bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
application = Bodies(get_wsgi_application())
