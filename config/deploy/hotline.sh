#!/bin/sh
# Runs one hotline command as the service does: with its user, and with the settings of /etc/hotline.env. For root alone:
# install -m 755 config/deploy/hotline.sh /usr/local/sbin/hotline
# The file is read as systemd reads it. To a shell an & in an address is the end of a command, and $ a variable.
while IFS= read -r line || [ -n "$line" ]; do
  case $line in [A-Z]*=*) ;; *) continue ;; esac
  value=${line#*=}
  value=${value%"${value##*[![:space:]]}"}
  case $value in
    \"*\") value=${value#\"} value=${value%\"} ;;
    \'*\') value=${value#\'} value=${value%\'} ;;
  esac
  export "${line%%=*}=$value"
done < /etc/hotline.env || exit 1
cd /opt/hotline || exit 1
exec runuser -u hotline -- /opt/hotline/.venv/bin/hotline "$@"
