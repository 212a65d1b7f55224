"""How nodes are run: in workers on this machine, or as jobs of a cluster."""
