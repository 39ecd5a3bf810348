"""A new password by the mailed link, which works once: also for two who send it at the same time. Source: reliability P23."""

from __future__ import annotations

from allauth.account.forms import ResetPasswordKeyForm, default_token_generator
from django.db import transaction

from purser.access import once
from purser.access.models import Person


class OnceForm(ResetPasswordKeyForm):  # type: ignore[misc]  # the library is untyped
    """The library looks at the link before it saves. Here it is looked at again with the person locked: the first of two has
    changed the password by then, and the link with it.
    """

    def save(self) -> None:
        """Raises once.Spent for the second of two."""
        with transaction.atomic():
            held = Person.objects.select_for_update().get(pk=self.user.pk)
            if not default_token_generator.check_token(held, self.temp_key):
                raise once.Spent
            super().save()
