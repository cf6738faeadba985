foreach ($Mailbox in $Mailboxes) {
    Add-MailboxPermission $Mailbox -User $ObjectId -AccessRights FullAccess
}

