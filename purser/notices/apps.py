from django.apps import AppConfig


class NoticesConfig(AppConfig):
    name = "purser.notices"
    label = "notices"

    def ready(self) -> None:
        from purser.access import actors
        from purser.notices import reading

        actors.read_along(reading.unread_kinds)
