"""What a training took: time measured; energy, carbon dioxide and money estimated from it and from stated figures."""

from dataclasses import dataclass

from saeserve.refusal import Refusal

WATTS_A_THREAD = 3.5
WATTS_SOURCE = (
    "3.5 W a hardware thread at full load, Cloud Carbon Footprint's mean for AWS, memory and cooling left out"
)
GRID_SOURCE = "world mean of 2022, Ember, Global Electricity Review 2023"
PRICE_SOURCE = "EUR, mean of EU households in the second half of 2024, Eurostat"
GIVEN = "as given"


class BadAssumption(Refusal):
    """A figure of the cost estimate has no sense."""


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """None: the default, whose source the report names."""

    watts: float | None = None
    """Mean power drawn while training; on a GPU it must be given."""
    grid: float | None = None
    """Grams of CO2 equivalent a kWh."""
    price: float | None = None
    """Of a kWh, in any one currency."""

    def __post_init__(self) -> None:
        for name, value in (("--watts", self.watts), ("--grid", self.grid), ("--price", self.price)):
            if value is not None and not value >= 0:
                raise BadAssumption(f"{name} is {value}; give a number from 0 up.")


@dataclass(frozen=True)
class Cost:
    """An estimate."""

    seconds: float
    watts: float
    watts_source: str
    grid: float
    grid_source: str
    price: float
    price_source: str

    @property
    def kwh(self) -> float:
        return self.seconds * self.watts / 3.6e6

    @property
    def co2_grams(self) -> float:
        return self.kwh * self.grid

    @property
    def money(self) -> float:
        return self.kwh * self.price


def cost_of(seconds: float, assumptions: Assumptions, *, threads: int, device: str) -> Cost:
    """Estimate from the wall time of a training on `threads` hardware threads. Raises BadAssumption."""
    if assumptions.watts is None and not device.startswith("cpu"):
        raise BadAssumption(f"The power of {device} is not known; give --watts, such as its board's limit.")
    return Cost(
        seconds=seconds,
        watts=threads * WATTS_A_THREAD if assumptions.watts is None else assumptions.watts,
        watts_source=WATTS_SOURCE if assumptions.watts is None else GIVEN,
        grid=436.0 if assumptions.grid is None else assumptions.grid,
        grid_source=GRID_SOURCE if assumptions.grid is None else GIVEN,
        price=0.2872 if assumptions.price is None else assumptions.price,
        price_source=PRICE_SOURCE if assumptions.price is None else GIVEN,
    )
