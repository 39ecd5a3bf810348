from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "purser.catalog"
    label = "catalog"
