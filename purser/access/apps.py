from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "purser.access"
    label = "access"

    def ready(self) -> None:
        from purser.access import signals

        signals.connect()
