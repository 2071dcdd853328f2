# Holds a temporary PostgreSQL server. Standard input is the other end's life line: when it closes, for whatever reason,
# the server is stopped and its folder removed. Arguments: the folder, the folder of pg_ctl, then what runs a program as
# the server's user (nothing, or setpriv and its options).
folder=$1 programs=$2
shift 2

server() {
    "$@" "$programs/pg_ctl" "$verb" -w -s -t 120 -D "$folder/data" -l "$folder/log" $options </dev/null
}

while read -r verb options; do
    if server "$@"; then echo done; else echo failed; fi
done
verb=stop options='-m immediate'
server "$@"
rm -rf "$folder"
