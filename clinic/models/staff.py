from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic.models.location import Location
from clinic.models.versioned import Versioned
from clinic.permissions import Right, Role, rights_of


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """Someone who signs in, with an e-mail address."""

    username = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail"), unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()  # type: ignore[assignment,misc]


class StaffMember(Versioned):
    """A user's place in a clinic: where they work and what they may do."""

    class Theme(models.TextChoices):
        SYSTEM = "", _("Like this device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="staff")
    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="staff")
    role = models.CharField(_("role"), max_length=12, choices=Role)
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("may sign in"), default=True)
    theme = models.CharField(_("appearance"), max_length=5, choices=Theme, blank=True, default="")
    hides_names = models.BooleanField(_("hide names"), default=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def may(self, right: Right) -> bool:
        return right in rights_of(Role(self.role))
