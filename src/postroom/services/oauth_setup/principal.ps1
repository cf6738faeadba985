$Principal = Get-ServicePrincipal | Where-Object { $_.AppId -eq $AppId }
if ($Principal -and [string]$Principal.ObjectId -ne $ObjectId) {
    $Wrong = $Principal.ObjectId
    throw "wrong object ID in Exchange: Remove-ServicePrincipal $Wrong"
}
if (-not $Principal) {
    New-ServicePrincipal -AppId $AppId -ObjectId $ObjectId `
        -DisplayName %%{name}
}

