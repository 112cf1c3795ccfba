# What backup.sh and restore.sh share: how the server is reached, and how something is said. To be sourced.
# MYSQL_HOST, MYSQL_PORT; the password from MYSQL_PASSWORD_FILE or MYSQL_PASSWORD, never from a command line.

DATABASES=(auth todo chat)
MARKER='-- Dump completed'

say() { printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"; }
fail() { say "FAILED: $*" >&2; exit 1; }

# login ACCOUNT: an option file with the password, as text. It goes to the client through a pipe.
login() {
  local password=${MYSQL_PASSWORD-}
  if [[ -n ${MYSQL_PASSWORD_FILE-} ]]; then password=$(<"$MYSQL_PASSWORD_FILE"); fi
  [[ -n $password ]] || fail "no password: set MYSQL_PASSWORD_FILE or MYSQL_PASSWORD"
  password=${password//\\/\\\\}
  printf '[client]\nprotocol=TCP\nhost="%s"\nport=%s\nuser="%s"\npassword="%s"\n' \
    "${MYSQL_HOST:-mysql}" "${MYSQL_PORT:-3306}" "$1" "${password//\"/\\\"}"
}

# whole FILE: whether it unpacks to its end, and the end is what mysqldump writes last.
whole() {
  local end
  end=$(gzip -dc -- "$1" | tail -c 200) && [[ $end == *"$MARKER"* ]]
}

# populated FILE: whether each database in it has the revision of its schema. A server whose volume is new, or half
# of a restore, has databases without one: they would be restored as nothing.
populated() {
  gzip -dc -- "$1" |
    LC_ALL=C awk -v all="${#DATABASES[@]}" '/^INSERT INTO `alembic_version` /{ n++ } END { exit n != all }'
}
