#!/bin/sh
# Tells Sereno that this machine is about to stop; says nothing when only a unit is stopped. For sereno-shutdown.service.
# Where no hub answers any more, the word is kept on disk and taken in when it starts again.
set -eu
sereno=${SERENO:-/opt/sereno/bin/sereno}

# What systemd is about to start: the targets of a stop are among it from the first moment on.
jobs=$(systemctl list-jobs --plain --no-legend --no-pager 2>/dev/null || true)
is_starting() {
  printf '%s\n' "$jobs" | grep -Eq "(^|[[:space:]])$1\.target[[:space:]]+start([[:space:]]|$)"
}

if is_starting reboot || is_starting kexec; then
  reason=reboot
elif is_starting poweroff; then
  reason=poweroff
elif is_starting halt; then
  reason=halt
elif is_starting soft-reboot; then
  # The kernel goes on: programs are started anew, and nobody boots.
  exit 0
elif [ "$(systemctl is-system-running 2>/dev/null || true)" = stopping ]; then
  reason=unknown
else
  exit 0
fi

case $reason in
  reboot) text='It reboots.' ;;
  poweroff) text='It powers off.' ;;
  halt) text='It halts.' ;;
  *) text='It stops.' ;;
esac
exec "$sereno" send --type host.shutdown --data "{\"reason\":\"$reason\"}" "$text"
