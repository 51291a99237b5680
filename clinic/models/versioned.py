from django.db import models


class Versioned(models.Model):
    """Counts its changes, so that nobody saves over what they have not seen."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True
