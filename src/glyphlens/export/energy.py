"""What a training may have cost in energy: measured seconds times stated figures. An estimate; no meter is read."""

from typing import NamedTuple

from pydantic import Field

from glyphlens.core.params import Section

WATT_SECONDS_A_KWH = 3.6e6


class EnergyParams(Section):
    """The ``energy`` section of params.yaml: what the machine is said to draw in training, and its grid to emit."""

    power_watts: float = Field(gt=0)
    grid_co2_g_per_kwh: float = Field(ge=0)


class Energy(NamedTuple):
    """Kilowatt hours and grams of CO2."""

    kwh: float
    co2_g: float


def estimate(seconds: float, params: EnergyParams) -> Energy:
    """Of a training of so many seconds; searches and failed attempts before it are not counted."""
    kwh = seconds * params.power_watts / WATT_SECONDS_A_KWH
    return Energy(kwh, kwh * params.grid_co2_g_per_kwh)
