if (-not $AppId) { throw 'give -AppId, the Application (client) ID' }
# The object ID of the ENTERPRISE APPLICATION. The one on the page of the app
# registration is another; with that one every login ends in 535 5.7.3.
if (-not $ObjectId) {
    $ObjectId = az ad sp show --id $AppId --query id --output tsv
}
if (-not $ObjectId) {
    throw 'give -ObjectId: Entra > Enterprise applications > Object ID'
}

