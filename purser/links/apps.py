from django.apps import AppConfig


class LinksConfig(AppConfig):
    name = "purser.links"
    label = "links"
