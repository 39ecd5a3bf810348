from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "purser.subscriptions"
    label = "subscriptions"

    def ready(self) -> None:
        from purser.subscriptions import moving
        from purser.tenants import tree

        tree.takes_along("subscriptions", moving.hand_over)
