"""Neuronpedia's bulk layout: a folder a source, with JSON Lines for itself, its features, activations, explanations."""
