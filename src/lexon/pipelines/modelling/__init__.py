"""Models of whole events: classifiers (`classifiers`), regressions (`regression`) and VAEs (`vae`),
a package for each kind.
"""
