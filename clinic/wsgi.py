"""The door gunicorn comes in by."""

import os

from django.core.wsgi import get_wsgi_application

from clinic.bodies import Bodies
from clinic.patience import be_patient

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic.settings")
be_patient()
application = Bodies(get_wsgi_application())
