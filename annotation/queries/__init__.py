"""Reads. Ratings are read only through rules.blinding; every query takes the study, and pages the person too."""
