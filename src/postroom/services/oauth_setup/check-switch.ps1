foreach ($Mailbox in $Mailboxes) {
    $Disabled = (Get-CASMailbox $Mailbox).SmtpClientAuthenticationDisabled
    if ($null -eq $Disabled) {
        $Disabled = (Get-TransportConfig).SmtpClientAuthenticationDisabled
    }
    Show (-not $Disabled) "$Mailbox allows Authenticated SMTP" `
        'Set-CASMailbox MAILBOX -SmtpClientAuthenticationDisabled $false'
}
