from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "purser.directory"
    label = "directory"
