#!/bin/sh
# Runs one hotline command as the service does: with its user, and with the settings of /etc/hotline.env. For root alone:
# install -m 755 config/deploy/hotline.sh /usr/local/sbin/hotline
# The file is read as systemd reads it. To a shell an & in an address is the end of a command, and $ a variable.
trimmed() {
  text=${1#"${1%%[![:space:]]*}"}
  text=${text%"${text##*[![:space:]]}"}
}
while IFS= read -r line || [ -n "$line" ]; do
  trimmed "$line"
  case $text in [A-Z]*=*) ;; *) continue ;; esac
  line=$text
  trimmed "${line%%=*}"
  name=$text
  trimmed "${line#*=}"
  case $text in
    \"*\") text=${text#\"} text=${text%\"} ;;
    \'*\') text=${text#\'} text=${text%\'} ;;
  esac
  export "$name=$text"
done < /etc/hotline.env || exit 1
cd /opt/hotline || exit 1
exec runuser -u hotline -- /opt/hotline/.venv/bin/hotline "$@"
