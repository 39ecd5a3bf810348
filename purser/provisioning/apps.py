from django.apps import AppConfig


class ProvisioningConfig(AppConfig):
    name = "purser.provisioning"
    label = "provisioning"
