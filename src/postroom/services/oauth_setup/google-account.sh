#!/bin/sh
# Makes a service account in Google Cloud: %%{purpose}
# Needs gcloud, logged in: gcloud auth login. The delegation cannot be given
# with gcloud: that stays to be done in the admin console.
# Run it: sh %%{file} PROJECT_ID
set -eu

PROJECT=${1:?give the ID of the project}
KEY=${2:-postroom-service-account.json}
EMAIL=postroom-mail@$PROJECT.iam.gserviceaccount.com

if ! gcloud projects describe "$PROJECT" >/dev/null 2>&1; then
    gcloud projects create "$PROJECT" --name=%%{name}
fi
gcloud services enable gmail.googleapis.com --project="$PROJECT"
accounts() { gcloud iam service-accounts --project="$PROJECT" "$@"; }
if ! accounts describe "$EMAIL" >/dev/null 2>&1; then
    accounts create postroom-mail --display-name=%%{name}
fi
if [ ! -e "$KEY" ]; then
    umask 077
    accounts keys create "$KEY" --iam-account="$EMAIL"
fi
CLIENT=$(accounts describe "$EMAIL" --format='value(oauth2ClientId)')

cat <<END
Now in https://admin.google.com/ac/owl/domainwidedelegation, Add new:
Client ID:     $CLIENT
OAuth scopes:  https://mail.google.com/
The key is in $KEY: keep it where only Postroom reads it.
END
