#!/bin/sh
# Makes a project in Google Cloud: %%{purpose}
# Needs gcloud, logged in: gcloud auth login. A client for people cannot be
# made with gcloud: that stays to be done in the console.
# Run it: sh %%{file} PROJECT_ID
set -eu

PROJECT=${1:?give the ID of the project}

if ! gcloud projects describe "$PROJECT" >/dev/null 2>&1; then
    gcloud projects create "$PROJECT" --name=%%{name}
fi
gcloud services enable gmail.googleapis.com --project="$PROJECT"

cat <<END
Now in the console:
https://console.cloud.google.com/auth/branding?project=$PROJECT
https://console.cloud.google.com/auth/audience?project=$PROJECT
https://console.cloud.google.com/auth/clients?project=$PROJECT
END
