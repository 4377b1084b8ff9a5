"""What a training may have cost in energy: measured seconds times stated figures. An estimate; no meter is read."""

from typing import NamedTuple

WATT_SECONDS_A_KWH = 3.6e6


class Energy(NamedTuple):
    """Kilowatt hours and grams of CO2."""

    kwh: float
    co2_g: float


def estimate(seconds: float, power_watts: float, co2_g_per_kwh: float) -> Energy:
    """``power_watts`` is what the machine is said to draw in training, ``co2_g_per_kwh`` what its grid emits."""
    kwh = seconds * power_watts / WATT_SECONDS_A_KWH
    return Energy(kwh, kwh * co2_g_per_kwh)
