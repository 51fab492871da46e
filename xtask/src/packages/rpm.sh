echo "ok nothing yet"
