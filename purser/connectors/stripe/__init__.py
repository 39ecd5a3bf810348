"""Stripe: cards by redirect, charges with nobody present, refunds, webhooks."""

from purser.connectors.stripe.client import HOSTS, STRIPE_URL, THREADS, StripeSecrets, StripeSettings
from purser.connectors.stripe.connector import StripeConnector

__all__ = ["HOSTS", "STRIPE_URL", "THREADS", "StripeConnector", "StripeSecrets", "StripeSettings"]
