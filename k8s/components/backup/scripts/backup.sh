#!/bin/bash
# A logical backup of the three databases at one point in time; runs in the MySQL image as the account `backup`.
#
#   backup.sh           one backup into BACKUP_DIRECTORY (/backups); its name is printed last
#   backup.sh schedule  one now and then every BACKUP_HOURS (24), for where no CronJob is
#
# RELEASE stands in the file's name. The newest BACKUP_KEEP (14) stay. A backup that fails leaves nothing of its
# own and takes nothing away: it is written under another name, checked, and then given its own.
set -euo pipefail
source "$(dirname "$0")/mysql.sh"

directory=${BACKUP_DIRECTORY:-/backups}
keep=${BACKUP_KEEP:-14}
release=${RELEASE:-unknown}
[[ $keep =~ ^[1-9][0-9]*$ ]] || fail "BACKUP_KEEP is not a number above 0: $keep"
[[ $release =~ ^[A-Za-z0-9._-]+$ ]] || fail "RELEASE has letters that a file name cannot: $release"

# One transaction reads all three, so no database is ahead of another. The global read lock is held while the
# place in the binary log is noted, some milliseconds; it must not queue for long, as everyone queues behind it.
dump() {
  printf -- '-- Todolist %s, %s. Restore with restore.sh, which begins new epochs.\n' "$release" "$1"
  mysqldump --defaults-extra-file=<(login "${MYSQL_ACCOUNT:-backup}") \
    --init-command='SET SESSION lock_wait_timeout = 10' \
    --single-transaction --source-data=2 --set-gtid-purged=OFF --no-tablespaces --quick \
    --hex-blob --default-character-set=utf8mb4 --max-allowed-packet=256M \
    --databases "${DATABASES[@]}"
}

backup() {
  local moment name
  moment=$(date -u +%Y%m%dT%H%M%SZ)
  name="$moment-$release.sql.gz"
  draft="$directory/.$name.$$.partial"
  [[ ! -e $directory/$name ]] || fail "$name is there already"
  trap 'rm -f -- "$draft" "$draft.sha256"' EXIT
  umask 077
  dump "$moment" | gzip > "$draft" || fail "the dump ended early; nothing was kept of it"
  whole "$draft" || fail "the dump is not complete; nothing was kept of it"
  populated "$draft" || fail "a database has no schema; nothing was kept of the dump"
  sync -- "$draft"
  (cd "$directory" && sha256sum -- "${draft##*/}" | sed "s| .*|  $name|") > "$draft.sha256"
  # Root writes for whoever owns the directory, so that they can read it. On Kubernetes nobody here is root.
  if ((EUID == 0)); then chown --reference="$directory" -- "$draft" "$draft.sha256"; fi
  # The checksum first: a backup that has its name is complete.
  mv -- "$draft.sha256" "$directory/$name.sha256"
  mv -- "$draft" "$directory/$name"
  say "backup of $(stat -c %s -- "$directory/$name") bytes: $directory/$name"
}

# Names begin with the time, so the order of names is the order of age.
prune() {
  local all=("$directory"/[0-9]*.sql.gz) old
  for old in "${all[@]:0:$((${#all[@]} > keep ? ${#all[@]} - keep : 0))}"; do
    rm -f -- "$old" "$old.sha256"
    say "removed $old, older than the newest $keep"
  done
  find "$directory" -maxdepth 1 -name '.*.partial*' -mmin +1440 -delete # of backups that were killed
}

schedule() {
  local wait
  trap 'exit 0' TERM INT
  while :; do
    wait=$((${BACKUP_HOURS:-24} * 3600))
    if ! bash "$0"; then
      wait=600
      say "the next try is in ten minutes" >&2
    fi
    sleep "$wait" &
    wait $!
  done
}

case ${1:-once} in
  once) backup; prune ;;
  schedule) schedule ;;
  *) fail "usage: backup.sh [schedule]" ;;
esac
