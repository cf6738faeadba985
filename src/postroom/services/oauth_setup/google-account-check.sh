#!/bin/sh
# Checks a service account: %%{purpose}
# Whether the delegation is there, gcloud cannot see: the login shows it.
# Run it: sh %%{file} PROJECT_ID
set -eu

PROJECT=${1:?give the ID of the project}
EMAIL=postroom-mail@$PROJECT.iam.gserviceaccount.com

accounts() { gcloud iam service-accounts --project="$PROJECT" "$@"; }
disabled=$(accounts describe "$EMAIL" --format='value(disabled)')
if [ "$disabled" = True ]; then
    echo "FAIL  $EMAIL is disabled" >&2
    exit 1
fi
echo "ok    $EMAIL"
accounts keys list --iam-account="$EMAIL" --managed-by=user
gcloud services list --enabled --project="$PROJECT" \
    --filter=config.name:gmail.googleapis.com
echo "Now log in: that shows whether the delegation is there."
