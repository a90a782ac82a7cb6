# shellcheck shell=bash
# Read by the interactive shells of a seat.
# shellcheck source=/dev/null
. /kit/seat.env
alias k=kubectl
PS1='(metallb-lab) \w\$ '
# shellcheck source=/dev/null
. /kit/record.sh
