"""Line icons on a 16 x 16 grid, drawn for this project: one path each, stroked with the text's own colour."""

ICONS: dict[str, str] = {
    "alert": "M8 2.2 14.4 13.4H1.6Z M8 6.4v3.2 M8 11.4v.2",
    "arrow-left": "M13 8H3 M7 4 3 8l4 4",
    "arrow-right": "M3 8h10 M9 4l4 4-4 4",
    "check": "M3 8.6 6.4 12 13 4.4",
    "chevron-down": "M4 6l4 4 4-4",
    "chevron-right": "M6 4l4 4-4 4",
    "chevron-up": "M4 10l4-4 4 4",
    "circle": "M8 3.2a4.8 4.8 0 1 0 0 9.6a4.8 4.8 0 1 0 0-9.6Z",
    "clock": "M8 2.4a5.6 5.6 0 1 0 0 11.2a5.6 5.6 0 1 0 0-11.2Z M8 5v3.2l2.2 1.4",
    "copy": "M6 6h7v7H6Z M3.4 10H3V3h7v.4",
    "cross": "M4 4l8 8 M12 4l-8 8",
    "dash": "M3.6 8h8.8",
    "download": "M8 2.4v7.4 M4.8 6.8 8 10l3.2-3.2 M3 13.4h10",
    "flask": "M6.4 2.4h3.2 M7 2.4v4L3.2 12.6q-.4 1 .7 1h8.2q1.1 0 .7-1L9 6.4v-4 M5.2 10h5.6",
    "gavel": "M3 13.4h6 M6 5.4 9.6 9 M8.2 2.6l4.2 4.2 M5 5.8 9.2 10 M8.2 2.6 5 5.8 M12.4 6.8 9.2 10 M9.4 8.4l3.8 4",
    "half": "M8 3.2a4.8 4.8 0 1 0 0 9.6Z M8 3.2a4.8 4.8 0 0 1 0 9.6",
    "info": "M8 2.4a5.6 5.6 0 1 0 0 11.2a5.6 5.6 0 1 0 0-11.2Z M8 7.4v3.4 M8 5.2v.2",
    "keyboard": "M1.8 4h12.4v8H1.8Z M4.4 6.6h.2 M7 6.6h.2 M9.4 6.6h.2 M11.6 6.6h.2 M5 9.6h6",
    "lock": "M4 7.4h8v6H4Z M5.6 7.4V5a2.4 2.4 0 0 1 4.8 0v2.4",
    "pencil": "M3 13l.6-3L10.8 2.8l2.4 2.4L6 12.4Z",
    "person": "M8 2.6a2.6 2.6 0 1 0 0 5.2a2.6 2.6 0 1 0 0-5.2Z M3 13.4q.6-3.4 5-3.4t5 3.4",
    "plus": "M8 3.4v9.2 M3.4 8h9.2",
    "retry": "M13 4.4v3H10 M12.8 7.2A5 5 0 1 0 12.6 10",
    "search": "M7 2.6a4.4 4.4 0 1 0 0 8.8a4.4 4.4 0 1 0 0-8.8Z M10.2 10.2l3.4 3.4",
    "split": "M8 13.6V9 M8 9 3.6 4.6 M8 9l4.4-4.4 M3.4 7.4V4.4h3 M12.6 7.4V4.4h-3",
    "spread": "M2.6 12.6h10.8 M4.4 12.6V9 M8 12.6V5 M11.6 12.6V7.4",
}


class UnknownIcon(KeyError):
    """A page names an icon that is not drawn."""


def icon_path(name: str) -> str:
    """The SVG path of icon `name`."""
    if name not in ICONS:
        raise UnknownIcon(f"There is no icon “{name}”; there are: {', '.join(sorted(ICONS))}.")
    return ICONS[name]
