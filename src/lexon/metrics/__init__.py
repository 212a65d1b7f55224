"""Numbers from arrays, by the kind of model that they are about."""
