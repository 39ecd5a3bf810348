from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "purser.access"
    label = "access"
