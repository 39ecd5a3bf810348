from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "purser.jobs"
    label = "jobs"
