"""The shell script that every job runs, and by which it decides at its end whether it goes back to
the queue.

It is a script, because it must also decide where no Python can be started. What it does is in its
notes, one file a job: `TIME began TRY MACHINE NUMBER` and `TIME ended CODE WORD`. What changes
about a job that goes back is changed after that, by the old script in its last seconds: while it
runs, no batch system allows it, and until it is gone the new one does not start.
"""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass

from lexon.errors import OTHER_MACHINE, USER_MISTAKE
from lexon.runners.cluster import containers, script
from lexon.runners.cluster.queued.settings import QueuedSettings
from lexon.runners.cluster.script import GROWTH, KILLED, MAX_STARTS, STOPPED, TRY, Site

NOTES = "state"
# Words for the end of a job that goes back to the queue: as it stopped, for a further try, for one
# on a different machine, and with more memory.
STOPPED_EARLY, AGAIN, ELSEWHERE, MEMORY = "stopped", "again", "elsewhere", "memory"
GOES_ON = (STOPPED_EARLY, AGAIN, ELSEWHERE, MEMORY)
PATIENCE = 60  # times that a job asks a controller that does not answer, ten seconds apart


@dataclass(frozen=True)
class InJob:
    """What a batch system offers to the shell of a job: what it sets, and commands.

    Attributes:
        system: the name of the batch system.
        place: of the job in its array, 0 for a job alone.
        set_number: lines that set `$number`, which the commands understand.
        log_number: the number under which the batch system's own messages name the job.
        machine: on which it runs.
        granted: the memory that it was given, in MB; `$2` where the batch system does not tell.
        stop_signal: that this shell gets before the time limit.
        show_state: prints a word for the state of `$number`.
        running: that word while it runs.
        requeue: sends `$number` back to the queue.
        change: changes one thing, `$change`, about `$number` once it is back there. These are:
        more_memory: asks for `$more` MB.
        exclude: keeps it from the machines that `failed_on` prints, one a line.
        soon: lets it start as soon as this script has ended.
        show_machines: prints the machines that it might run on, one a line.
    """

    system: str
    place: str
    set_number: str
    log_number: str
    machine: str
    granted: str
    stop_signal: str
    show_state: str
    running: str
    requeue: str
    change: str
    more_memory: str
    exclude: str
    soon: str
    show_machines: str


_SCRIPT = """\
# job.sh JOB MEMORY_LIMIT resumes|restarts
folder={folder}
notes=$folder/{notes}/$1
exec >> "$folder/logs/$1.log" 2>&1
{set_number}
mkdir -p "$folder/{notes}"
count() {{ cat "$notes" 2> /dev/null | grep -cE "$1"; }}
note() {{ echo "$(date +%s) $*" >> "$notes"; }}

try=$(($(count ' ended [0-9]+ ({again}|{elsewhere})$') + 1))
echo "{header}$try on $(hostname), $(date '+%F %T'), {system} job $number"
note began "$try" "{machine}" "{log_number}"

# {system} asks this shell alone to stop, and sends SIGTERM to every process: then the job has it.
child= stop=
ask() {{
    echo "its time limit is near: asked to stop"
    stop=yes
    [ -z "$child" ] || kill -TERM "$child"
}}
trap ask {stop_signal}
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
        state=$({show_state}) && break
        sleep 10  # the controller may be starting again
    done
    [ "$state" = {running} ] || finish "${{state:-unknown}}"  # cancelled, or in the queue already
    trap '' TERM
    note ended "$code" "$word"
    {requeue} || finish failed
    for change in "$@" {soon}; do
        {change}
    done
    exit "$code"
}}

# Machines on which it failed, as long as there are others.
failed_on() {{
    {{
        awk '/ began / {{ node = $4 }} / ended {other_machine} / {{ print node }}' "$notes"
        echo "{machine}"
    }} | sort -u
}}
others() {{
    {show_machines} | sort -u |
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
        had={granted} more=$(({granted} * {growth} / 100))
        [ "$more" -le "$2" ] || more=$2
        if [ "$more" -gt "$had" ]; then
            echo "killed, probably out of memory: it comes back with $more MB instead of $had"
            back {memory} "{more_memory}"
        fi
        ;;
    {other_machine})
        if [ "$try" -le {retries} ] && [ "$(others)" -gt 0 ]; then
            back {elsewhere} "{exclude}"
        fi
        ;;
esac
[ "$try" -gt {retries} ] || back {again}
finish failed
"""


def job_script(in_job: InJob, settings: QueuedSettings, site: Site) -> str:
    """The script that a batch's shell becomes."""
    in_image = containers.find_runtime(site, in_job.system.lower())
    body = _SCRIPT.format(
        **asdict(in_job),
        folder=shlex.quote(str(site.folder)),
        notes=NOTES,
        header=TRY,
        setup="".join(f"{line}\n" for line in [*script.setup(settings), *in_image]),
        command=containers.command(site),
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
    )
    return f"{script.shebang(settings)}\n{body}"
