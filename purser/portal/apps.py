from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "purser.portal"
    label = "portal"
