"""Workflows whose jobs are all in the queue, for batch systems that have jobs and job arrays, and
no process that submits the jobs of a workflow one after the other, as HTCondor's DAGMan does.

`batches` groups jobs into arrays, `job_script` writes the shell script that decides what becomes of
a job when it ends, `states` reads what that notes, and what the queue says; these are pure.
`numbers` keeps what was submitted. `engine` joins them, and says what is left to a batch system:
the lines that it reads, its commands, and their answers.
"""
