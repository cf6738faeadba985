# Do not give the app the permission SMTP.SendAsApp in Entra as well: it would
# count beside this scope, for every mailbox.
# The mailboxes above are the whole scope of this application.
$Scope = %%{scope} + $AppId.Substring(0, 8)
$Filter = ($Mailboxes | ForEach-Object {
    "PrimarySmtpAddress -eq '" + $_.Replace("'", "''") + "'"
}) -join ' -or '
if (Get-ManagementScope $Scope -ErrorAction SilentlyContinue) {
    Set-ManagementScope -Identity $Scope -RecipientRestrictionFilter $Filter
} else {
    New-ManagementScope -Name $Scope -RecipientRestrictionFilter $Filter
}
$Assigned = Get-ManagementRoleAssignment $Scope -ErrorAction SilentlyContinue
if (-not $Assigned) {
    New-ManagementRoleAssignment -Name $Scope -App $ObjectId `
        -Role 'Application SMTP.SendAsApp' -CustomResourceScope $Scope
}
foreach ($Mailbox in $Mailboxes) {
    Test-ServicePrincipalAuthorization $AppId -Resource $Mailbox | Format-Table
}
Write-Host 'Give Exchange up to 2 hours before you judge the result.'

