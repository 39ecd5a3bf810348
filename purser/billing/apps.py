from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "purser.billing"
    label = "billing"
