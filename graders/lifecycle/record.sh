# shellcheck shell=bash
# Sourced by the shells that `lab shell` opens. Appends to the file LAB_TYPED each
# command that goes into bash's history: its status, its number there, its time and
# its text, which may have several lines; a NUL ends it.
_lab_record() {
  local status=$? entry
  entry=$(HISTTIMEFORMAT='%s ' history 1)
  # An empty line leaves no entry. The one before the first prompt is older.
  if [ "$entry" != "${_lab_last-$entry}" ]; then
    printf '%s %s\0' "$status" "$entry" 2> /dev/null >> "$LAB_TYPED"
  fi
  _lab_last=$entry
  return "$status"
}

# FRR's own shell has a history without times: a file for each session.
vtysh() {
  if [ $# -gt 0 ]; then
    command vtysh "$@"
  else
    VTYSH_HISTFILE=$LAB_TYPED.vtysh-$EPOCHSECONDS command vtysh
  fi
}

# The same command twice is typed twice; a line that begins with a space is not
# recorded, as in bash.
HISTCONTROL=ignorespace
unset HISTIGNORE
shopt -s cmdhist lithist
set -o history
PROMPT_COMMAND="_lab_record${PROMPT_COMMAND:+; $PROMPT_COMMAND}"
