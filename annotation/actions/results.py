"""Computes a study's agreement and consensus from its ratings, once per set of ratings."""



