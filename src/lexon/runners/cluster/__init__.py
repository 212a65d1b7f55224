"""What every batch system shares: a pipeline becomes a workflow of jobs that outlives its command.

`workflow` groups nodes into jobs, `settings` are those of a site, `script` is how a job starts,
`state` what is known of it; these are pure. `submission` keeps a workflow's folder, `checks` looks
before anything is submitted, `view` shows progress, `runner` joins them. `engine` says what a batch
system must do: render, submit, poll, cancel; `queued` does that for those that have job arrays and
nothing for whole workflows. `lexon.runners.engines` knows which there are.
"""
