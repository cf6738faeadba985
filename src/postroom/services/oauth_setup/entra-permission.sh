PERMISSION=%%{permission}
KIND=%%{kind}
id=
# Microsoft Graph, then Office 365 Exchange Online.
for api in \
    00000003-0000-0000-c000-000000000000 \
    00000002-0000-0ff1-ce00-000000000000; do
    found="[?value=='$PERMISSION'].id | [0]"
    id=$(az ad sp show --id "$api" --output tsv \
        --query "%%{list}$found" || true)
    if [ -n "$id" ]; then
        break
    fi
done
if [ -z "$id" ]; then
    echo "this tenant offers no $PERMISSION: has it Exchange Online?" >&2
    exit 1
fi
az ad app permission add --id "$APP_ID" --api "$api" \
    --api-permissions "$id=$KIND"
# A new application is not known everywhere at once.
tries=6
until az ad app permission admin-consent --id "$APP_ID"; do
    tries=$((tries - 1))
    if [ "$tries" -eq 0 ]; then
        echo "no consent: give it on the app's page API permissions" >&2
        exit 1
    fi
    sleep 10
done

