"""How numbers, spans of time and shares are written on a page."""

import math

MINUS = "−"


class NotANumber(ValueError):
    """A page was asked to print nan or infinity."""


def decimal(value: float, places: int = 2) -> str:
    """`value` with a fixed number of decimals and a true minus sign; never "-0.00"."""
    _finite(value)
    text = f"{abs(value):,.{places}f}"
    return text if float(text.replace(",", "")) == 0 or value > 0 else MINUS + text


def count(value: float) -> str:
    """A whole number with thousands separated by commas."""
    return decimal(round(value), 0)


def significant(value: float, digits: int = 3) -> str:
    """`value` with `digits` significant digits, without an exponent and without trailing zeros."""
    _finite(value)
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = decimal(value, min(places, 12))
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float, places: int = 0) -> str:
    """A share in 0..1 as per cent. What would round to 0 or 100 without being it is written `<1 %` or `>99 %`."""
    _finite(share)
    step = 10.0**-places
    if 0 < share * 100 < step / 2:
        return f"<{decimal(step, places)} %"
    if 100 - step / 2 < share * 100 < 100:
        return f">{decimal(100 - step, places)} %"
    return f"{decimal(share * 100, places)} %"


def one_in(share: float) -> str:
    """A small share in words: `1 in 1,240`. Zero is `never`."""
    _finite(share)
    if share <= 0:
        return "never"
    every = 1 / share
    if every < 10:
        return f"1 in {significant(every, 2)}"
    return f"1 in {count(float(f'{every:.3g}'))}"


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    _finite(seconds)
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next(place for place, (amount, _) in enumerate(units) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in units[first : first + 2] if amount)


def interval(low: float, high: float, places: int = 2) -> str:
    """An interval as `[0.61, 0.83]`."""
    return f"[{decimal(low, places)}, {decimal(high, places)}]"


def _finite(value: float) -> None:
    if not math.isfinite(value):
        raise NotANumber(f"A page cannot print {value}: pass None and the reason why the number is undefined.")
