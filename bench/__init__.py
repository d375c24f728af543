"""The figures that this project promises, each measured as a ratio within one run. `make bench`."""
