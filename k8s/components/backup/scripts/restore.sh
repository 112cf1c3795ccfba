#!/bin/bash
# Puts a backup in the place of the three databases; runs in the MySQL image as root, with all services stopped.
#
#   restore.sh check FILE  only whether it is complete; FILE: a path, a name in BACKUP_DIRECTORY, or `latest`
#   restore.sh load FILE   drop the databases and load it
#   restore.sh open        the last step of all, see below
#
# From `load` to `open` the accounts of the services and of the backup are locked. In between, the schema is brought
# forward (`python -m common.migrate`) and the logs begin new epochs (`python -m common.log new-epoch`), with the
# migrators' accounts. So a restore that fails half-way can be repeated, nobody can work on a half of one, and no
# backup of it becomes the newest.
set -euo pipefail
source "$(dirname "$0")/mysql.sh"

directory=${BACKUP_DIRECTORY:-/backups}
LOCKED="'auth', 'todo', 'chat', 'backup'"

sql() {
  mysql --defaults-extra-file=<(login "${MYSQL_ACCOUNT:-root}") --batch --skip-column-names \
    --default-character-set=utf8mb4 "$@"
}
run() { sql --execute "$1" < /dev/null; }

# The accounts that are locked, from wherever they may come: 'auth'@'%' …
accounts() {
  run "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user WHERE user IN ($LOCKED)"
}

find_backup() {
  local file=$1 all
  if [[ $file == latest ]]; then
    all=("$directory"/[0-9]*.sql.gz)
    file=${all[-1]}
  elif [[ $file != */* ]]; then
    file=$directory/$file
  fi
  [[ -f $file ]] || fail "there is no backup $file"
  printf '%s' "$file"
}

check() {
  local sum
  if [[ -f $1.sha256 ]]; then
    sum=$(sha256sum < "$1")
    [[ $(<"$1.sha256") == "${sum%% *} "* ]] || fail "$1 is not what its checksum says"
  else
    say "no checksum beside $1"
  fi
  whole "$1" || fail "$1 is not complete"
  populated "$1" || fail "a database in $1 has no schema"
  say "$1 is complete"
}

load() {
  local file who account id database revision
  file=$(find_backup "$1")
  check "$file"
  who=$(accounts)
  [[ -n $who ]] || fail "the accounts are missing: run the bootstrap first"
  while read -r account; do run "ALTER USER $account ACCOUNT LOCK"; done <<< "$who"
  for id in $(run "SELECT id FROM information_schema.processlist WHERE user IN ($LOCKED)"); do
    run "KILL $id" || true # it has gone by itself
  done
  for database in "${DATABASES[@]}"; do run "DROP DATABASE IF EXISTS \`$database\`"; done
  gzip -dc -- "$file" | sql --max-allowed-packet=256M || fail "not all of $file was loaded; do it again"
  for database in "${DATABASES[@]}"; do
    revision=$(run "SELECT version_num FROM \`$database\`.alembic_version")
    say "$database: schema $revision"
  done
  say "loaded $file; the accounts of services and backup stay locked until the restore is complete"
}

open() {
  local account
  accounts | while read -r account; do run "ALTER USER $account ACCOUNT UNLOCK"; done
  say "the accounts of services and backup are open"
}

case ${1-} in
  check) check "$(find_backup "${2:?which backup}")" ;;
  load) load "${2:?which backup}" ;;
  open) open ;;
  *) fail "usage: restore.sh check FILE | restore.sh load FILE | restore.sh open" ;;
esac
