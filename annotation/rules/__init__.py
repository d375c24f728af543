"""Who may, whether the state allows it, and who sees what when. `check_x` raises a sentence; `can_x` says yes or no."""
