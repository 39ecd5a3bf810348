from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "purser.api"
    label = "api"
