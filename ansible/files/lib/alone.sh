#!/bin/sh
# Has one command of the kit at a time work on a host. Typed into a shell of
# root there, before the command that calls it.
LOCK=/run/metallb-lab-kit.lock

# A command whose SSH was cut off goes on here. The next one ends it, with all
# that it started, or waits for it if it is to be left `whole`, as packages are.
alone() {
  exec 9>> $LOCK
  flock -n 9 || {
    # Who may be ended wrote down its session, which is its SSH's own. What it
    # is just starting can be missed, so it is looked for again.
    old=$(cat $LOCK)
    for seconds in 1 1 1 600 none; do
      [ $seconds != none ] || { echo "an earlier command still works here: expected its end within 600 s, not later" >&2; exit 1; }
      [ -z "$old" ] || pkill -KILL -s "$old" || :
      ! flock -w $seconds 9 || break
    done
  }
  : > $LOCK
  [ "${1:-}" = whole ] || ps -o sid= -p $$ | tr -d ' ' > $LOCK
}
