"""The shell script that every job runs, and by which it decides at its end whether it goes back to
the queue.

It is a script, because it must also decide where no Python can be started. What it does is in its
notes, one file a job: `TIME began TRY MACHINE NUMBER` and `TIME ended CODE WORD`. What changes
about a job that goes back is changed after that, by the old script in its last seconds: while it
runs, Slurm allows none of it, and until it is gone the new one does not start.
"""

from __future__ import annotations

import shlex

from lexon.errors import OTHER_MACHINE, USER_MISTAKE
from lexon.runners.cluster import script
from lexon.runners.cluster.script import (
    GPU_REQUESTED,
    GROWTH,
    KILLED,
    MAX_STARTS,
    STOPPED,
    Site,
)
from lexon.runners.slurm.settings import SlurmSettings

NOTES = "state"
# Words for the end of a job that goes back to the queue: as it stopped, for a further try, for one
# on a different machine, and with more memory.
STOPPED_EARLY, AGAIN, ELSEWHERE, MEMORY = "stopped", "again", "elsewhere", "memory"
GOES_ON = (STOPPED_EARLY, AGAIN, ELSEWHERE, MEMORY)
PAUSE = 5  # seconds before a job that went back may start; left alone, Slurm waits two minutes
PATIENCE = 60  # times that a job asks a controller that does not answer, ten seconds apart

_SCRIPT = """\
# job.sh JOB MEMORY_LIMIT resumes|restarts
folder={folder}
notes=$folder/{notes}/$1
exec >> "$folder/logs/$1.log" 2>&1
number=${{SLURM_ARRAY_JOB_ID:+${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID}}
number=${{number:-$SLURM_JOB_ID}}  # a task's own number may mean its whole array
mkdir -p "$folder/{notes}"
count() {{ cat "$notes" 2> /dev/null | grep -cE "$1"; }}
note() {{ echo "$(date +%s) $*" >> "$notes"; }}

try=$(($(count ' ended [0-9]+ ({again}|{elsewhere})$') + 1))
echo "--- try $try on $(hostname), $(date '+%F %T'), Slurm job $number"
note began "$try" "$SLURMD_NODENAME" "$SLURM_JOB_ID"

# Slurm asks this shell alone to stop, and sends SIGTERM to every process: then the job has it.
child= stop=
ask() {{
    echo "its time limit is near: asked to stop"
    stop=yes
    [ -z "$child" ] || kill -TERM "$child"
}}
trap ask USR1
trap : TERM
(
{setup}exec {command}
) &
child=$!
[ -z "$stop" ] || kill -TERM "$child"
while :; do  # a signal ends wait, not the job
    wait "$child"
    code=$?
    kill -0 "$child" 2> /dev/null || break
done
wait "$child" 2> /dev/null
last=$?
[ "$last" = 127 ] || code=$last  # 127: the code is known already

finish() {{
    note ended "$code" "$1"
    exit "$code"
}}

# Back to the queue: a word for the reason, then what changes about the job.
back() {{
    local word=$1 state=
    shift
    for _ in $(seq {patience}); do
        state=$(squeue --noheader --job "$number" --format %T) && break
        sleep 10  # the controller may be starting again
    done
    [ "$state" = RUNNING ] || finish "${{state:-unknown}}"  # cancelled, or in the queue already
    trap '' TERM
    note ended "$code" "$word"
    scontrol requeue "$number" || finish failed
    for change in "$@" StartTime=now+{pause}; do
        scontrol update "JobId=$number" "$change"
    done
    exit "$code"
}}

# Machines on which it failed, as long as there are others.
failed_on() {{
    {{
        awk '/ began / {{ node = $4 }} / ended {other_machine} / {{ print node }}' "$notes"
        echo "$SLURMD_NODENAME"
    }} | sort -u
}}
others() {{
    sinfo --noheader --Node --partition "$SLURM_JOB_PARTITION" --format %N | sort -u |
        comm -23 - <(failed_on) | grep -c .
}}

case $code in
    0) finish done ;;
    {user_mistake}) finish failed ;;
    {stopped})
        if [ "$3" = resumes ] && [ "$(count ' began ')" -lt {max_starts} ]; then
            back {stopped_early}
        fi
        ;;
    {killed})
        had=${{SLURM_MEM_PER_NODE:-$2}} more=$((${{SLURM_MEM_PER_NODE:-$2}} * {growth} / 100))
        [ "$more" -le "$2" ] || more=$2
        if [ "$more" -gt "$had" ]; then
            echo "killed, probably out of memory: it comes back with $more MB instead of $had"
            back {memory} "MinMemoryNode=$more"
        fi
        ;;
    {other_machine})
        if [ "$try" -le {retries} ] && [ "$(others)" -gt 0 ]; then
            back {elsewhere} "ExcNodeList=$(failed_on | paste -sd ,)"
        fi
        ;;
esac
[ "$try" -gt {retries} ] || back {again}
finish failed
"""


def job_script(settings: SlurmSettings, site: Site) -> str:
    """The script that a batch's shell becomes."""
    body = _SCRIPT.format(
        folder=shlex.quote(str(site.folder)),
        notes=NOTES,
        setup="".join(f"{line}\n" for line in [*script.setup(settings), *_container(site)]),
        command=_command(site),
        retries=settings.retries,
        again=AGAIN,
        elsewhere=ELSEWHERE,
        memory=MEMORY,
        stopped_early=STOPPED_EARLY,
        stopped=STOPPED,
        killed=KILLED,
        other_machine=OTHER_MACHINE,
        user_mistake=USER_MISTAKE,
        max_starts=MAX_STARTS,
        growth=round(100 * GROWTH),
        patience=PATIENCE,
        pause=PAUSE,
    )
    return f"{script.shebang(settings)}\n{body}"


def _container(site: Site) -> list[str]:
    """Find what starts containers, which a site's `setup` may have to load first."""
    if site.image is None:
        return []
    missing = "there is neither apptainer nor singularity: load one of them in slurm.setup"
    return [
        "runtime=$(command -v apptainer || command -v singularity) ||",
        f'    {{ echo "$(hostname): {missing}"; exit {OTHER_MACHINE}; }}',
    ]


def _command(site: Site) -> str:
    """What runs the job that `$1` names, in its image where it has one. Signals and exit codes pass
    through Apptainer.
    """
    if site.image is None:
        return script.command(site)
    image, project = shlex.quote(site.image), shlex.quote(str(site.project))
    shown = " ".join(f"--bind {shlex.quote(str(folder))}" for folder in site.binds)
    gpu = f"${{{GPU_REQUESTED}:+--nv}}"
    return f'"$runtime" exec {gpu} {shown} --pwd {project} {image} {script.command(site)}'
