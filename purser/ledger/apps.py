from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "purser.ledger"
    label = "ledger"
