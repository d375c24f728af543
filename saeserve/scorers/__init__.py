"""Automatic scorers of rationales: given label and rationale alone, which unseen snippets should fire?

One file a scorer, all of the shape of `base.Scorer`. None of them sees the latent's activations, whether a snippet
fires, or the weights of the language model whose latents these are.
"""
