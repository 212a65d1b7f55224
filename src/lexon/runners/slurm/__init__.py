"""Slurm: a workflow becomes jobs and job arrays that wait for each other.

`batches` writes what `sbatch` reads, `retries` the shell script that decides what becomes of a job
when it ends, `status` reads what that writes and what the queue says; these are pure. `engine`
calls Slurm's commands. No process has to stay anywhere: the jobs themselves go back to the queue.
"""
