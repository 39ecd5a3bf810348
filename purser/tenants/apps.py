from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "purser.tenants"
    label = "tenants"
