#!/usr/bin/env bash
# One database and one owner per service: no service can read another's. Run once, by the postgres image,
# when its volume is new.
set -euo pipefail
for service in agreements visits mobility reporting notify; do
    psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" \
        --set name="rapport_$service" --set password="$POSTGRES_PASSWORD" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name";
revoke connect on database :"name" from public;
SQL
done
