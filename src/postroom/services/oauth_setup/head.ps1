# %%{purpose}
# Needs: Install-Module ExchangeOnlineManagement, and an Exchange administrator
# Run it: pwsh -File %%{file}%%{arguments}
param(
    [string]$AppId = %%{client_id},
    [string]$ObjectId = '',
    [string[]]$Mailboxes = @(%%{mailboxes})
)
$ErrorActionPreference = 'Stop'

