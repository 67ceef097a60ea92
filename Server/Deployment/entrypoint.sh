#!/bin/sh
# The container's entry point: takes what the image of redis takes. Options or a configuration file alone mean the server; anything else is a command.
# As root it gives the data folder to the user "redis" and runs the server as that user; a container started as another user stays as it is.
set -e

if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
    set -- redis-server "$@"
fi

# That image has protected mode off unless somebody says otherwise, since nothing reaches a container but what its network lets in.
says_protected_mode() {
    for word; do
        case "$word" in
        --protected-mode) return 0 ;;
        *.conf) if grep -qis '^[[:space:]]*protected-mode' "$word"; then return 0; fi ;;
        esac
    done
    return 1
}

case "${1##*/}" in
redis-server | kestrel-free)
    says_protected_mode "$@" || set -- "$@" --protected-mode no
    # Snapshots hold everybody's data: nobody else may read them.
    [ "$(umask)" = 0022 ] && umask 0077
    if [ "$(id -u)" = 0 ]; then
        find . \! -user redis -exec chown redis '{}' +
        exec setpriv --reuid=redis --regid=redis --clear-groups -- "$@"
    fi
    ;;
esac

exec "$@"
