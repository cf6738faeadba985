# Also for OAuth a mailbox must allow Authenticated SMTP.
foreach ($Mailbox in $Mailboxes) {
    Set-CASMailbox -Identity $Mailbox -SmtpClientAuthenticationDisabled $false
}
