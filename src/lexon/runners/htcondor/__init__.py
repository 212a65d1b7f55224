"""HTCondor: a workflow becomes a DAG, and DAGMan runs it.

`dag` writes what HTCondor reads, `status` reads what it writes; these are pure. `engine` calls its
commands.
"""
