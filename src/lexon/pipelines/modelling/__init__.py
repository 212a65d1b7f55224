"""Models of whole events: classifiers (`classifiers`), regressions (`regression`) and VAEs (`vae`), a room for each kind."""
