"""delphi's latent cache in, and explanations out in the files that its scorers read."""
