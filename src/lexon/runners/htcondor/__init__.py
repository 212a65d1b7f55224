"""The cluster runner: a pipeline becomes a DAGMan workflow of HTCondor jobs.

`workflow` groups nodes into jobs, `dag` writes what HTCondor reads, `status` reads what it writes;
these are pure. `engine` calls its commands, `submission` keeps a workflow's folder, `checks` looks
before anything is submitted, `view` shows progress, `runner` joins them.
"""
