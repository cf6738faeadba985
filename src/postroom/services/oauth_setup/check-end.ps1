
if ($script:Failed) {
    Write-Host "$script:Failed to mend"
    exit 1
}
Write-Host 'All is as it should be.'
