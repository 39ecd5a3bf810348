from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "purser.audit"
    label = "audit"
