cat <<END
Application (client) ID:             $APP_ID
Directory (tenant) ID:               $here
Object ID of the enterprise app:     $OBJECT_ID
Now: pwsh -File postroom-exchange.ps1 -AppId $APP_ID \\
  -ObjectId $OBJECT_ID
END
