Show (-not $Consented) 'Entra gives no SMTP.SendAsApp beside it' `
    'remove the permission at App registrations > the app > API permissions'
foreach ($Mailbox in $Mailboxes) {
    $Test = Test-ServicePrincipalAuthorization $AppId -Resource $Mailbox |
        Where-Object { $_.RoleName -eq 'Application SMTP.SendAsApp' }
    Show ("$($Test.InScope)" -match 'True') "$Mailbox is in the scope" `
        'run postroom-exchange.ps1, and wait up to 2 hours'
}
