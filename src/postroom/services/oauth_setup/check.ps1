$script:Failed = 0
function Show([bool]$Good, [string]$What, [string]$Cure) {
    if ($Good) {
        Write-Host "ok    $What"
    } else {
        Write-Host "FAIL  $What"
        Write-Host "      $Cure"
        $script:Failed++
    }
}

