"""How the sign-in library is fitted to Purser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from purser.access import actors, factors, permit


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # the library is untyped
    """Nobody signs up; one is invited."""

    # one text for a wrong password and for an address without an account
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "The e-mail address or the password is not right.",
        "too_many_login_attempts": "Too many wrong passwords. Wait a minute before you try again.",
        "incorrect_password": "This is not your password.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **_: Any) -> bool:
        """The same five minutes as for our own sensitive verbs, counted from any proof, the sign-in
        included.
        """
        # the word of an organisation's provider does not change what opens the person's other organisations
        proven = actors.verified_at(context.request, but=frozenset({actors.SIGN_ON}))
        return proven is None or datetime.now(UTC) - proven > permit.FRESH

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Wrong passwords count per account **and** address: an attacker elsewhere cannot lock the person
        out.

        Source: reliability P24.
        """
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{actors.address(request)}"


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors are sealed at rest."""

    def encrypt(self, text: str) -> str:
        return factors.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        return factors.reveal(encrypted_text)
