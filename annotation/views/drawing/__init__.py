"""Geometry and wording of what the pages draw: pure functions, plain values in, frozen records out.

Horizontal positions are percentages of the plot's width, so that an SVG drawn from them is crisp at every width
without a viewBox and without one line of script or inline style. Vertical positions are pixels.
"""
