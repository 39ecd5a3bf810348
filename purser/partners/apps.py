from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "purser.partners"
    label = "partners"
