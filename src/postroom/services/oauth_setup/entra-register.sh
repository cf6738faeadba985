#!/bin/sh
# Registers an application in Entra: %%{purpose}
# Needs az (Azure CLI), and a login that may register applications and consent
# for the organisation: az login --allow-no-subscriptions
# It can be run again; with APP_ID filled in it goes on with that application.
set -eu

NAME=%%{name}
APP_ID=%%{client_id}
TENANT=%%{tenant}
REDIRECT=%%{redirect}

here=$(az account show --query tenantId --output tsv)
if [ -n "$TENANT" ]; then
    # A tenant has many names; the issuer of its tokens has its ID.
    login=https://login.microsoftonline.com
    meant=$(az rest --method get --skip-authorization-header \
        --url "$login/$TENANT/v2.0/.well-known/openid-configuration" \
        --query issuer --output tsv)
    if [ "$meant" != "$login/$here/v2.0" ]; then
        echo "az is logged in to another tenant, $here:" >&2
        echo "az login --allow-no-subscriptions --tenant $TENANT" >&2
        exit 1
    fi
fi

if [ -z "$APP_ID" ]; then
    set -- --display-name "$NAME" --sign-in-audience AzureADMyOrg
    if [ -n "$REDIRECT" ]; then
        set -- "$@" --public-client-redirect-uris "$REDIRECT"
        set -- "$@" --is-fallback-public-client true
    fi
    APP_ID=$(az ad app create "$@" --query appId --output tsv)
fi

# The enterprise application is what Exchange knows; its object ID is its own.
if ! az ad sp show --id "$APP_ID" --output none 2>/dev/null; then
    az ad sp create --id "$APP_ID" --output none
fi
OBJECT_ID=$(az ad sp show --id "$APP_ID" --query id --output tsv)

