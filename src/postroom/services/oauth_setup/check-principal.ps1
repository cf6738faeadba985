$Principal = Get-ServicePrincipal | Where-Object { $_.AppId -eq $AppId }
Show ([bool]$Principal) 'Exchange knows the application' `
    'run postroom-exchange.ps1'
Show ("$($Principal.ObjectId)" -eq $ObjectId) 'by the right object ID' `
    'Remove-ServicePrincipal, then run postroom-exchange.ps1'
$Role = az ad sp show --id 00000002-0000-0ff1-ce00-000000000000 `
    --query "appRoles[?value=='SMTP.SendAsApp'].id | [0]" --output tsv
$Graph = 'https://graph.microsoft.com/v1.0/servicePrincipals'
$Roles = az rest --method get --url "$Graph/$ObjectId/appRoleAssignments" `
    --query 'value[].appRoleId' --output tsv
$Consented = $Role -and $Roles -contains $Role
