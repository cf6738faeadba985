Show $Consented 'SMTP.SendAsApp has admin consent' `
    'az ad app permission admin-consent --id CLIENT_ID'
foreach ($Mailbox in $Mailboxes) {
    $Rights = Get-MailboxPermission -Identity $Mailbox -User $ObjectId `
        -ErrorAction SilentlyContinue
    Show ([bool]$Rights) "the application has a right on $Mailbox" `
        'Add-MailboxPermission MAILBOX -User OBJECT -AccessRights FullAccess'
}
