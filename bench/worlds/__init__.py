"""Simulated studies whose truth is known, and what each estimator makes of them."""
