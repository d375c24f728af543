"""Dashboards: each latent with some windows of text and its activations there, nothing of the rest of the corpus."""
