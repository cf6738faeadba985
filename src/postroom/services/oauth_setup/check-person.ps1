$Granted = az ad app permission list-grants --id $AppId `
    --query '[].scope' --output tsv
Show ("$Granted" -match 'SMTP\.Send') 'consent for SMTP.Send is given' `
    'az ad app permission admin-consent --id CLIENT_ID, or in the browser'
