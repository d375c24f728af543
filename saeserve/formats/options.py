"""What a researcher may say about an SAE that its files do not."""

from collections.abc import Mapping
from typing import Any

from saeserve.formats.checked import number
from saeserve.formats.folder import BadSae

HOOK_POINT, OUTPUT_HOOK_POINT, SCALE, L0 = "hook_point", "output_hook_point", "norm_scaling_factor", "l0"
OPTIONS = (HOOK_POINT, OUTPUT_HOOK_POINT, SCALE, L0)
"""norm_scaling_factor: what the SAE's training multiplied activations by. l0: declared firings a token."""


def check_options(options: Mapping[str, Any]) -> None:
    """Raises BadSae on an option that is not known or has no sense."""
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise BadSae(f"The option {unknown[0]!r} is not known; there are {', '.join(OPTIONS)}.")
    for name in (HOOK_POINT, OUTPUT_HOOK_POINT):
        if name in options and (not isinstance(options[name], str) or not options[name]):
            raise BadSae(f"The option {name} is {options[name]!r}; it must be a module path or a TransformerLens name.")
    for name in (SCALE, L0):
        if name in options:
            number(options, name)


def hook_points(options: Mapping[str, Any], found: object, found_output: object = None) -> tuple[str, str]:
    """(input, output) hook point: what the options name, else what the files do. Raises BadSae where neither does."""
    point = options.get(HOOK_POINT) or found
    if not point:
        raise BadSae(
            f"The SAE's files name no hook point; pass the option {HOOK_POINT}, a module path of the model or a "
            "TransformerLens name."
        )
    return str(point), str(options.get(OUTPUT_HOOK_POINT) or found_output or point)


def needed_scale(options: Mapping[str, Any], why: str) -> float:
    """The scale to fold into the weights. Raises BadSae where it is not given."""
    if SCALE not in options:
        raise BadSae(
            f"{why}, and that scale is not in its files; pass the option {SCALE}: for a published SAE the figure of "
            "that name in SAELens' list of pretrained SAEs, else sqrt(width) over the mean norm of the activations "
            "that it was trained on."
        )
    return number(options, SCALE)


def declared_l0(options: Mapping[str, Any], found: object = None) -> dict[str, float]:
    """{"l0": figure} of the options, else of the files; empty where neither has one."""
    figure = options.get(L0, found)
    if isinstance(figure, int | float | str) and not isinstance(figure, bool):
        try:
            return {L0: float(figure)}
        except ValueError:
            return {}
    return {}
