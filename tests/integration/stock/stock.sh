#!/bin/sh
# As docker-entrypoint.sh of the stock images, as far as a Pod or Compose can tell.
set -eu
if [ "${MYSQL_USER:-}" = root ]; then
    echo 'MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user' >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    chown -R 999:999 /var/lib/mysql /run/mysqld
    exec setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
fi
[ "${1#-}" = "$1" ] || set -- mariadbd "$@"
[ -d /var/lib/mysql/mysql ] ||
    mariadb-install-db --datadir=/var/lib/mysql --skip-test-db --auth-root-authentication-method=normal >/dev/null
# The server takes one statement a line.
cat >/tmp/init.sql <<SQL
DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';
FLUSH PRIVILEGES;
CREATE USER root@'%' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
GRANT ALL ON *.* TO root@'%';
SQL
[ -z "${MYSQL_DATABASE:-}" ] || cat >>/tmp/init.sql <<SQL
CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;
CREATE OR REPLACE TABLE \`$MYSQL_DATABASE\`.Users (id INT PRIMARY KEY, username TEXT, email TEXT);
INSERT INTO \`$MYSQL_DATABASE\`.Users VALUES (1, 'August', 'august@example.com'), (2, 'Linda', 'linda@example.com');
SQL
exec "$@" --init-file=/tmp/init.sql
