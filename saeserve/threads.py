"""How torch's CPU threads behave beside other programs."""

import os


def wait_passively() -> None:
    """Let idle threads sleep instead of spin. Call before torch is imported.

    On a machine that also serves the site, spinning threads take the cores from those that compute: measured with eight
    busy processes on two cores, a forward pass took ten times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
