#!/bin/sh
# Copies the seed into an empty data directory, hands the server the accounts that the
# environment names, and becomes the server.
set -eu
umask 077

seed=/usr/share/mysql-seed
data=/var/lib/mysql
# The marker's name says how far the copy went. It is renamed last, which cannot half happen.
copying=$data/.seed-copying
complete=$data/.seed-complete

fail() {
    echo "The database cannot start: $1" >&2
    exit 1
}

# Any bytes, as digits that SQL takes without quotes. printf is built in: no secret in argv.
hex() {
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'
}

text() {
    echo "CONVERT(X'$(hex "$1")' USING utf8mb4)"
}

check_environment() {
    [ -n "${MYSQL_ROOT_PASSWORD:-}" ] || fail "MYSQL_ROOT_PASSWORD is not set or empty."
    [ -z "${MYSQL_USER:-}" ] || [ -n "${MYSQL_PASSWORD:-}" ] ||
        fail "MYSQL_USER is set, MYSQL_PASSWORD is not set or empty."
    [ "${MYSQL_USER:-}" != root ] ||
        fail "MYSQL_USER is root, whose password is MYSQL_ROOT_PASSWORD: leave MYSQL_USER out."
    case ${MYSQL_USER_RIGHTS:-SELECT} in
    SELECT | ALL) ;;
    *) fail "MYSQL_USER_RIGHTS: '$MYSQL_USER_RIGHTS' is neither SELECT nor ALL." ;;
    esac
    case $port in
    *[!0-9]* | "" | ??????*) fail "MYSQL_TCP_PORT: '$port' is not a port." ;;
    esac
    [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || fail "MYSQL_TCP_PORT: '$port' is not a port."
    [ -w "$data" ] || fail "$data cannot be written by user $(id -u)."
}

copy_seed() {
    [ ! -e "$complete" ] || return 0
    if [ -e "$copying" ]; then
        echo "The last start was interrupted while it filled $data: starting over." >&2
        find "$data" -mindepth 1 -maxdepth 1 ! -path "$copying" ! -name lost+found -exec rm -rf {} +
    elif [ -n "$(find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found)" ]; then
        fail "$data holds files that this image did not put there: give it an empty volume."
    fi
    : >"$copying"
    sync "$copying" "$data"
    cp -R "$seed/." "$data/"
    # A machine that loses its power may keep a new name and lose what is in the file: the marker comes after all of it.
    find "$data" -name lost+found -prune -o -exec sync {} +
    mv "$copying" "$complete"
}

# The environment is the truth at every start: who is not named there has no account.
accounts() {
    cat <<SQL
SET NAMES utf8mb4;
DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';
DELETE FROM mysql.db WHERE User <> 'mariadb.sys';
DELETE FROM mysql.tables_priv WHERE User <> 'mariadb.sys';
DELETE FROM mysql.columns_priv WHERE User <> 'mariadb.sys';
DELETE FROM mysql.procs_priv WHERE User <> 'mariadb.sys';
DELETE FROM mysql.proxies_priv;
DELETE FROM mysql.roles_mapping;
FLUSH PRIVILEGES;
SET @password = QUOTE(PASSWORD(X'$(hex "$MYSQL_ROOT_PASSWORD")'));
EXECUTE IMMEDIATE CONCAT('CREATE USER root@localhost IDENTIFIED BY PASSWORD ', @password);
EXECUTE IMMEDIATE CONCAT('CREATE USER root@\`%\` IDENTIFIED BY PASSWORD ', @password);
GRANT ALL ON *.* TO root@localhost WITH GRANT OPTION;
GRANT ALL ON *.* TO root@\`%\` WITH GRANT OPTION;
SET @database = CONCAT('\`', REPLACE($(text "$database"), '\`', '\`\`'), '\`');
SQL
    [ "$database" = Main ] || cat <<'SQL'
EXECUTE IMMEDIATE CONCAT('CREATE DATABASE IF NOT EXISTS ', @database);
SQL
    # Who may write brings tables of their own; what the seed has is for those who only read.
    [ "$database" = Main ] || [ "${MYSQL_USER_RIGHTS:-SELECT}" = ALL ] || cat <<'SQL'
EXECUTE IMMEDIATE CONCAT('CREATE TABLE IF NOT EXISTS ', @database, '.Users LIKE Main.Users');
EXECUTE IMMEDIATE CONCAT('INSERT IGNORE INTO ', @database, '.Users SELECT * FROM Main.Users');
SQL
    [ -z "${MYSQL_USER:-}" ] || cat <<SQL
SET @user = CONCAT(QUOTE($(text "$MYSQL_USER")), '@\`%\`');
SET @password = QUOTE(PASSWORD(X'$(hex "$MYSQL_PASSWORD")'));
EXECUTE IMMEDIATE CONCAT('CREATE USER ', @user, ' IDENTIFIED BY PASSWORD ', @password);
EXECUTE IMMEDIATE CONCAT('GRANT ${MYSQL_USER_RIGHTS:-SELECT} ON ', @database, '.* TO ', @user);
SQL
}

case ${1:-mariadbd} in
mariadbd | mysqld) [ $# -eq 0 ] || shift ;;
-*) ;;
*) exec "$@" ;;
esac

# The first process of a container hears no signal that it does not ask for.
trap 'exit 143' TERM INT
port=${MYSQL_TCP_PORT:-3306}
database=${MYSQL_DATABASE:-Main}
check_environment
copy_seed
sql=$(accounts)
# A pipe, not a file: nobody else can read it, and it is empty once the server has. The
# server carries it out before it accepts its first connection.
exec 3<<SQL
$sql
SQL
unset sql MYSQL_ROOT_PASSWORD MYSQL_PASSWORD
exec mariadbd --init-file=/dev/fd/3 --port="$port" \
    --bind-address="${MYSQL_BIND_ADDRESS:-127.0.0.1}" "$@"
