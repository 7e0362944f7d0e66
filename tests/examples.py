"""How many examples a property is tried with: in `make quick` a tenth of them."""

from hypothesis import settings

settings.register_profile("whole", max_examples=100, deadline=None)  # a busy machine is no fault
settings.register_profile("quick", max_examples=10, deadline=None)


def up_to(count: int) -> int:
    """``count`` in the whole suite; for `hypothesis.settings(max_examples=…)`."""
    return max(2, count * settings.default.max_examples // 100)
