#!/bin/sh
# Sereno's agent for hosts that are too small for Node.js: one file for any POSIX shell, with awk, sed and curl (or GNU wget).
# It samples /proc and df once a minute, tells a Sereno hub, and keeps the samples in a folder while the hub cannot be told.
#
#   sh sereno-agent.sh --hub https://sereno.example.org --enrol CODE      (CODE: sereno hosts enrol NAME, on the hub)
#   sh sereno-agent.sh --hub https://sereno.example.org                   (from then on)
set -u
umask 077
LC_ALL=C
export LC_ALL

usage="usage: sh sereno-agent.sh --hub URL [--enrol CODE] [--token-file FILE] [--data DIR] [--every SECONDS] [--keep SAMPLES]
  --hub         the address of the hub
  --enrol       a code of 'sereno hosts enrol NAME', to be turned into this host's token, once
  --token-file  the file with the token (default: DIR/token)
  --data        the agent's folder (default: ./sereno-agent)
  --every       seconds between two samples (default: 60)
  --keep        samples kept at most while the hub cannot be told (default: 2880, two days of minutes)"

say() {
  echo "sereno-agent: $1" >&2
}

refuse() {
  say "$1"
  exit "${2:-1}"
}

hub='' code='' tokenfile='' data=./sereno-agent every=60 keep=2880
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      echo "$usage"
      exit 0
      ;;
    --hub | --enrol | --token-file | --data | --every | --keep)
      [ $# -ge 2 ] || refuse "$1 needs a value; see --help" 2
      case $1 in
        --hub) hub=${2%/} ;;
        --enrol) code=$2 ;;
        --token-file) tokenfile=$2 ;;
        --data) data=$2 ;;
        --every) every=$2 ;;
        --keep) keep=$2 ;;
      esac
      shift 2
      ;;
    *) refuse "$1 is unknown; see --help" 2 ;;
  esac
done
case $hub in
  http://?* | https://?*) ;;
  *) refuse "--hub needs a web address such as https://sereno.example.org; see --help" 2 ;;
esac
for number in "$every" "$keep"; do
  case $number in
    '' | 0* | *[!0-9]* | ????????*) refuse "--every and --keep are whole numbers from 1; see --help" 2 ;;
  esac
done

# The token is never an argument of a program: everybody on a machine may read those.
if command -v curl >/dev/null 2>&1; then
  client=curl
elif wget --version 2>/dev/null | grep -q GNU; then
  client=wget
else
  refuse "neither curl nor GNU wget is here; install one of them"
fi

mkdir -p "$data/spool" || refuse "the folder $data cannot be made; name another with --data"
: "${tokenfile:=$data/token}"

other=$(cat "$data/pid" 2>/dev/null)
if [ -n "$other" ] && [ "$other" != $$ ] && grep -q sereno-agent "/proc/$other/cmdline" 2>/dev/null; then
  refuse "another agent (process $other) uses $data; stop it, or name another folder with --data"
fi
echo $$ >"$data/pid" || refuse "$data cannot be written to; name another folder with --data"

# Sends a file: $1 to the path $2 with the secret of the file $3. Leaves the answer in $data/answer and prints the status.
post() {
  : >"$data/answer"
  case $client in
    curl)
      sed -n '1{s/[\\"]/\\&/g;s/\(.*\)/header = "Authorization: Bearer \1"/p;}' "$3" >"$data/secret" || return
      curl -sS -K "$data/secret" --max-time 30 -H 'Content-Type: application/json' --data-binary "@$1" \
        -o "$data/answer" -w '%{http_code}' "$hub$2" 2>"$data/trouble"
      ;;
    wget)
      sed -n '1s/\(.*\)/header = Authorization: Bearer \1/p' "$3" >"$data/secret" || return
      WGETRC=$data/secret wget -S --content-on-error --tries=1 --timeout=30 --header='Content-Type: application/json' \
        --post-file="$1" -O "$data/answer" "$hub$2" 2>"$data/trouble"
      sed -n 's/^ *HTTP\/[0-9.]* \([0-9][0-9][0-9]\).*/\1/p' "$data/trouble" | tail -n 1
      ;;
  esac
}

# What a hub said is wrong, else what the client said.
why() {
  said=$(sed -n 's/.*"error":"\([^"]*\)".*/\1/p' "$data/answer" | cut -c 1-300)
  [ -n "$said" ] || said=$(sed -n '$p' "$data/trouble" 2>/dev/null | cut -c 1-300)
  echo "${said:-no answer}"
}

# Any text as a JSON string.
quote() {
  printf '%s' "$1" | tr -d '\000-\037\177' | sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$/"/; 1!d'
}

host=$(quote "$(cat /proc/sys/kernel/hostname 2>/dev/null || hostname)")
[ -n "$host" ] || host='"unknown"'
boot=$(quote "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)")
machine=$(quote "$(cat /etc/machine-id 2>/dev/null)")
about="\"host\":$host"
[ "${boot:-\"\"}" = '""' ] || about="$about,\"bootId\":$boot"
[ "${machine:-\"\"}" = '""' ] || about="$about,\"machineId\":$machine"
random() {
  tr -d '\n-' </proc/sys/kernel/random/uuid
}

# Turns the code into a token. The token is made here and asked for again with the same code if the answer was lost.
enrol() {
  [ "$(cat "$data/token.code" 2>/dev/null)" = "$code" ] && [ -s "$tokenfile" ] && return
  if [ "$(sed -n 2p "$data/token.new" 2>/dev/null)" != "$code" ]; then
    printf '%s%s\n%s\n' "$(random)" "$(random)" "$code" >"$data/token.new" || refuse "$data cannot be written to"
  fi
  printf '%s\n' "$code" >"$data/code"
  printf '{"token":"%s",%s}' "$(sed -n 1p "$data/token.new")" "$about" >"$data/body"
  told=
  while :; do
    status=$(post "$data/body" /api/v1/agent/enrol "$data/code")
    case $status in
      201)
        sed -n 1p "$data/token.new" >"$tokenfile" && printf '%s\n' "$code" >"$data/token.code"
        rm -f "$data/token.new" "$data/code" "$data/body"
        say "enrolled at $hub; the token is in $tokenfile"
        return
        ;;
      400 | 401 | 403 | 404 | 409) refuse "the hub at $hub does not take the code ($status): $(why)" ;;
    esac
    [ -n "$told" ] || say "the hub at $hub cannot be asked to enrol this host: $(why); it is tried again"
    told=1
    sleep 5
  done
}

# The figures of this moment as JSON. The processor's share is that of the time since the sample before.
metrics() {
  # Devices that can fill up, each once, at its shortest path; mount points in /proc/mounts have blanks as \040.
  awk '$1 ~ "^/dev/" && $3 !~ /^(squashfs|iso9660|udf|erofs|cramfs|tmpfs|devtmpfs|overlay|autofs)$/ {
    if (!($1 in at) || length($2) < length(at[$1])) at[$1] = $2
  } END { print "/"; for (device in at) if (at[device] != "/") print at[device] }' /proc/mounts |
    while IFS= read -r point; do
      # shellcheck disable=SC2059 # The octal escapes of the kernel are those of printf.
      path=$(printf "$(printf '%s' "$point" | sed 's/%/%%/g')")
      printf 'df %s ' "$point"
      df -Pk "$path" 2>/dev/null | sed -n '2p'
      echo
    done >"$data/df"
  set -- "$data/cpu" /proc/stat /proc/meminfo /proc/loadavg /proc/uptime
  for file in /proc/pressure/cpu /proc/pressure/memory /proc/pressure/io; do
    [ -r "$file" ] && set -- "$@" "$file"
  done
  [ -f "$data/cpu" ] || : >"$data/cpu"
  awk -v cpufile="$data/cpu" '
    function put(name, value) { out = out (out == "" ? "" : ",") "\"" name "\":" value }
    function whole(value) { return sprintf("%.0f", value) }
    function label(point) { gsub(/\\134/, "\\\\\\\\", point); gsub(/\\040/, " ", point); gsub(/\\[0-7][0-7][0-7]/, "?", point)
      gsub(/"/, "", point); return "{mount=\\\"" point "\\\"}" }
    FILENAME == cpufile { split($0, before); known = NF; next }
    FILENAME == "/proc/stat" {
      if ($1 == "cpu") { line = $0; split($0, after) }
      else if ($1 ~ /^cpu[0-9]/) cores++
      next
    }
    FILENAME == "/proc/meminfo" { sub(/:$/, "", $1); memory[$1] = $2 * 1024; next }
    FILENAME == "/proc/loadavg" { load1 = $1; load5 = $2; load15 = $3; next }
    FILENAME == "/proc/uptime" { uptime = $1; next }
    FILENAME ~ /^\/proc\/pressure/ {
      name = FILENAME; sub(/.*\//, "", name)
      if (name == "cpu" && $1 == "full") next
      value = $3; sub(/avg60=/, "", value); pressure[name "_" $1] = value; next
    }
    $1 == "df" && NF >= 7 {
      point = $2; total = $(NF - 4) * 1024; used = $(NF - 3) * 1024; free = $(NF - 2) * 1024
      if (NF < 8 || total <= 0) next
      percent = used + free > 0 ? sprintf("%.1f", used / (used + free) * 100) : ""
      if (point == "/") {
        put("disk_usage_total", whole(total)); put("disk_usage_used", whole(used)); put("disk_usage_free", whole(free))
        if (percent != "") put("disk_usage_percent", percent)
      }
      name = label(point)
      put("filesystem_total" name, whole(total)); put("filesystem_used" name, whole(used))
      put("filesystem_free" name, whole(free)); if (percent != "") put("filesystem_percent" name, percent)
    }
    END {
      if (known > 4) {
        for (i = 2; i <= 9; i++) {
          passed = after[i] - before[i]; if (passed < 0) passed = 0
          all += passed; if (i == 5 || i == 6) resting += passed
        }
        if (all > 0) put("cpu_percent", sprintf("%.1f", (all - resting) / all * 100))
      }
      if (cores > 0) put("cpu_count", cores)
      total = memory["MemTotal"]
      if (total > 0) {
        used = total - memory["MemFree"] - memory["Buffers"] - memory["Cached"] - memory["SReclaimable"]
        if (used < 0) used = total - memory["MemFree"]
        available = ("MemAvailable" in memory) ? memory["MemAvailable"] : memory["MemFree"] + memory["Buffers"] + memory["Cached"]
        put("memory_total", whole(total)); put("memory_avail", whole(available)); put("memory_used", whole(used))
        put("memory_free", whole(memory["MemFree"])); put("memory_percent", sprintf("%.2f", used / total * 100))
      }
      if ("SwapTotal" in memory) {
        used = memory["SwapTotal"] - memory["SwapFree"]
        put("swap_total", whole(memory["SwapTotal"])); put("swap_used", whole(used))
        put("swap_percent", memory["SwapTotal"] > 0 ? sprintf("%.1f", used / memory["SwapTotal"] * 100) : 0)
      }
      if (load1 != "") { put("load_1", load1 + 0); put("load_5", load5 + 0); put("load_15", load15 + 0) }
      for (name in pressure) put("pressure_" name, pressure[name] + 0)
      if (uptime != "") put("uptime_seconds", sprintf("%.2f", uptime))
      if (line != "") print line > cpufile
      printf "{\"metrics\":{%s}", out
      if (uptime != "") printf ",\"uptimeSeconds\":%.2f", uptime
    }' "$@" "$data/df"
}

# Keeps an item as a file: $1 its number, $2 the name of the fact, $3 its data.
keep() {
  printf '{"source":"host","fact":{"name":"%s","key":%s,"host":%s,"time":%s000,"data":%s}}' \
    "$2" "$host" "$host" "$(date +%s)" "$3" >"$data/draft" &&
    mv "$data/draft" "$data/spool/$buffer/$(printf %010d "$1")"
}

sample() {
  data_json="$(metrics),\"everySeconds\":$every"
  [ "${boot:-\"\"}" = '""' ] || data_json="$data_json,\"bootId\":$boot"
  [ "${machine:-\"\"}" = '""' ] || data_json="$data_json,\"machineId\":$machine"
  keep "$1" host.sample "$data_json}" || say "a sample is lost: $data cannot be written to"
}

# The oldest go when there are too many.
make_room() {
  set -- "$data"/spool/*/*
  [ $# -le "$keep" ] && return
  [ -f "$data/full" ] || say "$keep samples wait for the hub: the oldest are dropped"
  : >"$data/full"
  while [ $# -gt "$keep" ]; do
    rm -f "$1"
    shift
  done
}

# 000012 as 12: a shell would take it for octal.
plain() {
  echo "${1#"${1%%[!0]*}"}"
}

# Tells one batch, the oldest. Fails when nothing waits, or the hub cannot be told.
tell() {
  for folder in "$data"/spool/*/; do
    set -- "$folder"*
    [ -e "$1" ] && break
    # Of an earlier start, and told.
    [ "$folder" = "$data/spool/$buffer/" ] || rmdir "$folder" 2>/dev/null
  done
  [ -e "$1" ] || return 1
  name=${folder%/}
  first=$(plain "${1##*/}")
  uptime=$(cut -d ' ' -f 1 /proc/uptime 2>/dev/null)
  count=0
  {
    printf '{"buffer":"%s","first":%s,"sentAt":%s000,%s,"run":"%s"' "${name##*/}" "$first" "$(date +%s)" "$about" "$buffer"
    [ -n "$uptime" ] && printf ',"uptimeSeconds":%s' "$uptime"
    [ $# -gt 50 ] && printf ',"more":true'
    printf ',"got":[%s],"unanswered":[%s],"items":[' "$(cat "$data/got" 2>/dev/null)" "$(cat "$data/unanswered" 2>/dev/null)"
    for file in "$@"; do
      [ $count -eq 50 ] && break
      # A sample that could not be kept left its number free.
      this=${file##*/}
      [ "${this#"${this%%[!0]*}"}" = $((first + count)) ] || break
      [ $count -gt 0 ] && printf ','
      cat "$file"
      count=$((count + 1))
    done
    printf ']}'
  } >"$data/body"
  status=$(post "$data/body" /api/v1/agent "$tokenfile")
  acked=$(sed -n 's/.*"acked":\([0-9][0-9]*\).*/\1/p' "$data/answer")
  if [ "$status" != 202 ] || [ -z "$acked" ]; then
    case $status in
      401 | 403) trouble='does not let this agent in' ;;
      *) trouble='cannot be told' ;;
    esac
    [ "$(cat "$data/outage" 2>/dev/null)" = "$trouble" ] ||
      say "the hub at $hub $trouble (${status:-000}): $(why); what is seen is kept until it can"
    echo "$trouble" >"$data/outage"
    return 1
  fi
  for file in "$@"; do
    [ "$(plain "${file##*/}")" -le "$acked" ] || break
    rm -f "$file"
  done
  if [ -f "$data/outage" ]; then
    say "the hub at $hub is told again"
    rm -f "$data/outage" "$data/full"
  fi
  rm -f "$data/got" "$data/unanswered"
  # What the hub wants looked up: another sample is all that can be had here.
  tr '{' '\n' <"$data/answer" | sed -n 's/.*"id":"\([A-Za-z0-9_-]*\)".*"name":"\([^"]*\)".*/\1 \2/p' >"$data/asked"
  if [ -s "$data/asked" ]; then
    sed 's/^\([^ ]*\) .*/"\1"/' "$data/asked" | paste -s -d , - >"$data/got"
    sed -n '/ host\.sample$/!s/^\([^ ]*\) .*/"\1"/p' "$data/asked" | paste -s -d , - >"$data/unanswered"
    return 2
  fi
  return 0
}

# One turn: a sample, and all that waits as far as the hub takes it. Ends with 2 when another turn is wanted at once.
turn() {
  sample "$1"
  make_room
  batches=0
  while [ $batches -lt 40 ]; do
    tell
    result=$?
    [ $result -eq 0 ] || break
    batches=$((batches + 1))
  done
  [ "$result" -ne 2 ]
}

[ -z "$code" ] || enrol
[ -s "$tokenfile" ] || refuse "there is no token in $tokenfile; enrol this host, or name the file with --token-file"

# An order of numbers of its own for each start, so that a copy of this folder never goes on with the same ones.
last=0
for folder in "$data"/spool/*/; do
  [ -d "$folder" ] || continue
  name=${folder%/}
  name=${name##*/}
  last=$(plain "${name%%-*}")
done
buffer=$(printf %06d $((${last:-0} + 1)))-$(random)
mkdir "$data/spool/$buffer" || refuse "$data cannot be written to"
rm -f "$data/outage" "$data/full" "$data/got" "$data/unanswered" "$data/cpu"
number=0
child=''

finish() {
  trap '' TERM INT
  [ -z "$child" ] || kill "$child" 2>/dev/null
  # Only when the whole machine goes down is that worth a word.
  if [ "$(systemctl is-system-running 2>/dev/null)" = stopping ]; then
    (keep $((number + 1)) host.stopping "{$about}" && tell)
  fi
  rm -f "$data/pid" "$data/secret"
  exit 0
}
trap finish TERM INT

say "on watch, and tells $hub"
while :; do
  number=$((number + 1))
  # In a shell of its own, whose memory goes back; in the background, so that this one hears signals meanwhile.
  (turn "$number") &
  child=$!
  wait "$child" && again='' || again=1
  child=''
  [ -z "$again" ] || sleep 1
  if [ -z "$again" ]; then
    now=$(date +%s)
    sleep $((every - now % every)) &
    child=$!
    wait "$child"
  fi
done
