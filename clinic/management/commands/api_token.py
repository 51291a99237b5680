"""`manage.py api_token USER-EMAIL`: print the token with which a program signs in as that person."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rest_framework.authtoken.models import Token

from clinic.models import StaffMember


class Command(BaseCommand):
    help = "Print the API token of a person, made on the first call; --new replaces it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--new", action="store_true", help="the old token stops working")

    def handle(self, *, email: str, new: bool, **options: Any) -> None:
        member = StaffMember.objects.filter(user__email__iexact=email).select_related("user").first()
        if member is None:
            raise CommandError(f"Nobody with a place in a clinic signs in as {email}.")
        if not (member.is_active and member.user.is_active):
            raise CommandError(f"{email} may no longer sign in.")
        if new:
            Token.objects.filter(user=member.user).delete()
        token, _ = Token.objects.get_or_create(user=member.user)
        self.stdout.write(token.key)
