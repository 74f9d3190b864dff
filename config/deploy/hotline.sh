#!/bin/sh
# Runs one hotline command as the service does: with its user, and with the settings of /etc/hotline.env. For root alone:
# install -m 755 config/deploy/hotline.sh /usr/local/sbin/hotline
set -a
. /etc/hotline.env
set +a
cd /opt/hotline || exit 1
exec runuser -u hotline -- /opt/hotline/.venv/bin/hotline "$@"
