# fish completion for postroom, made from the program by python -m postroom.cli.manual; do not edit.
# Commands, options and fixed values stand here; the program is started only for what depends on the configuration.

function __postroom_takes_value -a path option
    switch "$path:$option"
        case '*:--config' \
            '*:--state-dir' \
            'explain:--file' \
            'explain:--provider' \
            'explain:--step' \
            'oauth login:--assertion-command' \
            'oauth login:--assertion-env' \
            'oauth login:--assertion-file' \
            'oauth login:--authorization-endpoint' \
            'oauth login:--certificate' \
            'oauth login:--certificate-key' \
            'oauth login:--client-file' \
            'oauth login:--client-id' \
            'oauth login:--client-secret-command' \
            'oauth login:--client-secret-env' \
            'oauth login:--client-secret-expires' \
            'oauth login:--client-secret-file' \
            'oauth login:--device-authorization-endpoint' \
            'oauth login:--flow' \
            'oauth login:--issuer' \
            'oauth login:--listen-port' \
            'oauth login:--provider' \
            'oauth login:--redirect-uri' \
            'oauth login:--revocation-endpoint' \
            'oauth login:--scope' \
            'oauth login:--service-account' \
            'oauth login:--store' \
            'oauth login:--tenant' \
            'oauth login:--timeout' \
            'oauth login:--token-endpoint' \
            'oauth setup:--client-id' \
            'oauth setup:--flow' \
            'oauth setup:--for' \
            'oauth setup:--mailbox' \
            'oauth setup:--redirect-uri' \
            'oauth setup:--script' \
            'oauth setup:--style' \
            'oauth setup:--tenant' \
            'oauth setup:--write' \
            'sandbox run:--expect' \
            'sandbox run:--keep' \
            'sandbox serve:--port' \
            'sandbox serve:--ready-file' \
            'sandbox wait:--count' \
            'sandbox wait:--subject' \
            'sandbox wait:--timeout' \
            'sandbox wait:--to' \
            'secrets move:--store' \
            'secrets set:--store' \
            'smtp set:--access-token-command' \
            'smtp set:--access-token-env' \
            'smtp set:--access-token-file' \
            'smtp set:--allow-cleartext' \
            'smtp set:--assertion-command' \
            'smtp set:--assertion-env' \
            'smtp set:--assertion-file' \
            'smtp set:--auth' \
            'smtp set:--authorization-endpoint' \
            'smtp set:--ca-file' \
            'smtp set:--certificate' \
            'smtp set:--certificate-key' \
            'smtp set:--client-cert' \
            'smtp set:--client-id' \
            'smtp set:--client-key' \
            'smtp set:--client-secret-command' \
            'smtp set:--client-secret-env' \
            'smtp set:--client-secret-expires' \
            'smtp set:--client-secret-file' \
            'smtp set:--connect-timeout' \
            'smtp set:--device-authorization-endpoint' \
            'smtp set:--flow' \
            'smtp set:--from' \
            'smtp set:--from-name' \
            'smtp set:--from-policy' \
            'smtp set:--helo' \
            'smtp set:--host' \
            'smtp set:--issuer' \
            'smtp set:--max-connections' \
            'smtp set:--mechanism' \
            'smtp set:--password-command' \
            'smtp set:--password-env' \
            'smtp set:--password-file' \
            'smtp set:--pin' \
            'smtp set:--port' \
            'smtp set:--provider' \
            'smtp set:--proxy' \
            'smtp set:--proxy-password-command' \
            'smtp set:--proxy-password-env' \
            'smtp set:--proxy-password-file' \
            'smtp set:--rate' \
            'smtp set:--redirect-uri' \
            'smtp set:--region' \
            'smtp set:--reply-to' \
            'smtp set:--revocation-endpoint' \
            'smtp set:--scope' \
            'smtp set:--security' \
            'smtp set:--service-account' \
            'smtp set:--store' \
            'smtp set:--tenant' \
            'smtp set:--timeout' \
            'smtp set:--title' \
            'smtp set:--tls-min' \
            'smtp set:--tls-profile' \
            'smtp set:--tls-server-name' \
            'smtp set:--token-endpoint' \
            'smtp set:--unset' \
            'smtp set:--username' \
            'smtp test:--access-token-command' \
            'smtp test:--access-token-env' \
            'smtp test:--access-token-file' \
            'smtp test:--allow-cleartext' \
            'smtp test:--as' \
            'smtp test:--assertion-command' \
            'smtp test:--assertion-env' \
            'smtp test:--assertion-file' \
            'smtp test:--auth' \
            'smtp test:--authorization-endpoint' \
            'smtp test:--ca-file' \
            'smtp test:--certificate' \
            'smtp test:--certificate-key' \
            'smtp test:--client-cert' \
            'smtp test:--client-id' \
            'smtp test:--client-key' \
            'smtp test:--client-secret-command' \
            'smtp test:--client-secret-env' \
            'smtp test:--client-secret-expires' \
            'smtp test:--client-secret-file' \
            'smtp test:--connect-timeout' \
            'smtp test:--device-authorization-endpoint' \
            'smtp test:--dkim-selector' \
            'smtp test:--flow' \
            'smtp test:--format' \
            'smtp test:--from' \
            'smtp test:--from-name' \
            'smtp test:--from-policy' \
            'smtp test:--helo' \
            'smtp test:--host' \
            'smtp test:--issuer' \
            'smtp test:--junit' \
            'smtp test:--max-connections' \
            'smtp test:--mechanism' \
            'smtp test:--password-command' \
            'smtp test:--password-env' \
            'smtp test:--password-file' \
            'smtp test:--pin' \
            'smtp test:--port' \
            'smtp test:--provider' \
            'smtp test:--proxy' \
            'smtp test:--proxy-password-command' \
            'smtp test:--proxy-password-env' \
            'smtp test:--proxy-password-file' \
            'smtp test:--rate' \
            'smtp test:--redirect-uri' \
            'smtp test:--region' \
            'smtp test:--reply-to' \
            'smtp test:--retries' \
            'smtp test:--revocation-endpoint' \
            'smtp test:--scope' \
            'smtp test:--security' \
            'smtp test:--service-account' \
            'smtp test:--tenant' \
            'smtp test:--timeout' \
            'smtp test:--title' \
            'smtp test:--tls-min' \
            'smtp test:--tls-profile' \
            'smtp test:--tls-server-name' \
            'smtp test:--to' \
            'smtp test:--token-endpoint' \
            'smtp test:--until' \
            'smtp test:--username' \
            'smtp test:--wait' \
            'tls set:--ca-file' \
            'tls set:--client-cert' \
            'tls set:--client-key' \
            'tls set:--min' \
            'tls set:--pin' \
            'tls set:--unset'
            return 0
    end
    return 1
end

# Prints the command on the line, and which of its arguments the cursor is at.
function __postroom_place
    set -l path
    set -l count 1
    set -l option
    set -l ended
    for word in (commandline -opc)[2..-1]
        if set -q option[1]
            set option
        else if set -q ended[1]
            set count (math $count + 1)
        else if test "$word" = --
            set ended yes
        else if string match -q -- '-*' "$word"
            __postroom_takes_value "$path" "$word"; and set option $word
        else if contains -- "$path" '' smtp oauth tls config secrets sandbox
            switch "$word"
                case rm delete
                    set word remove
                case secret
                    set word secrets
            end
            set path (string trim -- "$path $word")
        else
            set count (math $count + 1)
        end
    end
    printf '%s\n' "$path" $count
end

# Is the cursor within this command?
function __postroom_in -a path
    set -l place (__postroom_place)
    test "$place[1]" = "$path"
end

# Is the cursor at this argument of it, or, with +, at this one or a later one?
function __postroom_at -a path number
    string match -q -- '-*' (commandline -ct); and return 1
    set -l place (__postroom_place)
    test "$place[1]" = "$path"; or return 1
    switch $number
        case '*+'
            test $place[2] -ge (string trim -r -c + -- $number)
        case '*'
            test $place[2] -eq $number
    end
end

# Prints what the program knows of this kind.
function __postroom_ask -a kind
    set -l words (commandline -opc)
    set -l program (string replace -r '^~/' "$HOME/" -- $words[1]) completion fish
    set -l next
    for word in $words[2..-1]
        if set -q next[1]
            set program $program $next (string replace -r '^~/' "$HOME/" -- $word)
            set next
            continue
        end
        switch $word
            case --
                break
            case --config --state-dir
                set next $word
            case --system --user '--config=*' '--state-dir=*'
                set program $program $word
        end
    end
    $program --values $kind 2>/dev/null </dev/null
end

complete -c postroom -f
complete -c postroom -l json -d 'Print exactly one JSON object, on every path.'
complete -c postroom -l config -d 'Read and write this configuration file alone (POSTROOM_CONFIG).' -r -F
complete -c postroom -l state-dir -d 'Keep history, secrets and transcripts here (POSTROOM_STATE_DIR).' -r -f -a '(__fish_complete_directories)'
complete -c postroom -l system -d 'Work on the system\'s configuration; the default for root.'
complete -c postroom -l user -d 'Work on the user\'s configuration; the default for everybody else.'
complete -c postroom -l no-input -d 'Never ask; a missing value is an error.'
complete -c postroom -l quiet -d 'Print only errors and what was asked for.'
complete -c postroom -l verbose -d 'Say more on the way.'
complete -c postroom -l debug -d 'Show the traceback of a bug, without local variables.'
complete -c postroom -l no-color -d 'No colour (also NO_COLOR, TERM=dumb).'
complete -c postroom -l version -d 'Print the version.'
complete -c postroom -s h -l help -d 'Show help.'
complete -c postroom -n '__postroom_at "" 1' -a smtp -d 'Set up, show and test mail servers.'
complete -c postroom -n '__postroom_at "" 1' -a oauth -d 'Log in to mail providers with OAuth 2.0.'
complete -c postroom -n '__postroom_at "" 1' -a tls -d 'Keep TLS profiles that several servers share.'
complete -c postroom -n '__postroom_at "" 1' -a config -d 'Read, check, change and restore the configuration.'
complete -c postroom -n '__postroom_at "" 1' -a secrets -d 'See, set, move and remove stored secrets.'
complete -c postroom -n '__postroom_at "" 1' -a sandbox -d 'Run a mail server on this machine that keeps what it gets.'
complete -c postroom -n '__postroom_at "" 1' -a explain -d 'Explain a failure from its text: the cause, and what to do.'
complete -c postroom -n '__postroom_at "" 1' -a status -d 'Say whether this desk is ready to send, and what is missing.'
complete -c postroom -n '__postroom_at "" 1' -a demo -d 'Show the whole way of a mail, on this machine alone.'
complete -c postroom -n '__postroom_at "" 1' -a completion -d 'Print the completion script for a shell.'
complete -c postroom -n '__postroom_at "" 1' -a man -d 'Show a manual page.'
complete -c postroom -n '__postroom_at "smtp" 1' -a set -d 'Set up a mail server, or change one.'
complete -c postroom -n '__postroom_at "smtp" 1' -a list -d 'List the mail servers.'
complete -c postroom -n '__postroom_at "smtp" 1' -a show -d 'Show a server\'s settings, each with its source.'
complete -c postroom -n '__postroom_at "smtp" 1' -a use -d 'Make a server the default.'
complete -c postroom -n '__postroom_at "smtp" 1' -a rename -d 'Rename a server.'
complete -c postroom -n '__postroom_at "smtp" 1' -a remove -d 'Remove a server and its stored secrets.'
complete -c postroom -n '__postroom_at "smtp" 1' -a enable -d 'Let mail go out: through one server, or at all.'
complete -c postroom -n '__postroom_at "smtp" 1' -a disable -d 'Stop mail: through one server, or altogether.'
complete -c postroom -n '__postroom_at "smtp" 1' -a providers -d 'List the presets of mail providers, or show one.'
complete -c postroom -n '__postroom_at "smtp" 1' -a test -d 'Prove that a server takes mail, step by step.'
complete -c postroom -n '__postroom_at "oauth" 1' -a setup -d 'Say what to do at the provider before a login.'
complete -c postroom -n '__postroom_at "oauth" 1' -a login -d 'Log in to a mail provider with OAuth 2.0.'
complete -c postroom -n '__postroom_at "oauth" 1' -a status -d 'Say whether the logins are good, and until when.'
complete -c postroom -n '__postroom_at "oauth" 1' -a refresh -d 'Renew access tokens, and warn before a login ends.'
complete -c postroom -n '__postroom_at "oauth" 1' -a token -d 'Print a valid access token for another program.'
complete -c postroom -n '__postroom_at "oauth" 1' -a logout -d 'Throw the tokens of a server away.'
complete -c postroom -n '__postroom_at "tls" 1' -a list -d 'List the TLS profiles.'
complete -c postroom -n '__postroom_at "tls" 1' -a show -d 'Show a TLS profile.'
complete -c postroom -n '__postroom_at "tls" 1' -a set -d 'Make a TLS profile, or change one.'
complete -c postroom -n '__postroom_at "tls" 1' -a remove -d 'Remove a TLS profile.'
complete -c postroom -n '__postroom_at "config" 1' -a path -d 'Say which files are read and written.'
complete -c postroom -n '__postroom_at "config" 1' -a show -d 'Show every effective value with its source.'
complete -c postroom -n '__postroom_at "config" 1' -a get -d 'Print one effective value.'
complete -c postroom -n '__postroom_at "config" 1' -a set -d 'Set one value.'
complete -c postroom -n '__postroom_at "config" 1' -a unset -d 'Remove one value.'
complete -c postroom -n '__postroom_at "config" 1' -a edit -d 'Open the configuration in an editor and check it.'
complete -c postroom -n '__postroom_at "config" 1' -a validate -d 'Check all configuration files.'
complete -c postroom -n '__postroom_at "config" 1' -a export -d 'Print the configuration without secrets.'
complete -c postroom -n '__postroom_at "config" 1' -a apply -d 'Merge a configuration file into this one.'
complete -c postroom -n '__postroom_at "config" 1' -a history -d 'List the earlier versions.'
complete -c postroom -n '__postroom_at "config" 1' -a rollback -d 'Go back to an earlier version.'
complete -c postroom -n '__postroom_at "secrets" 1' -a list -d 'List the secrets: where each is and how old.'
complete -c postroom -n '__postroom_at "secrets" 1' -a set -d 'Store a secret, or replace one.'
complete -c postroom -n '__postroom_at "secrets" 1' -a remove -d 'Remove a stored secret.'
complete -c postroom -n '__postroom_at "secrets" 1' -a move -d 'Move a secret to another store.'
complete -c postroom -n '__postroom_at "secrets" 1' -a stores -d 'Say which secret stores work here.'
complete -c postroom -n '__postroom_at "sandbox" 1' -a serve -d 'Run the sandbox server until it is stopped.'
complete -c postroom -n '__postroom_at "sandbox" 1' -a run -d 'Run a command with a sandbox server at its side.'
complete -c postroom -n '__postroom_at "sandbox" 1' -a wait -d 'Wait until a mail has arrived in the sandbox.'
complete -c postroom -n '__postroom_at "sandbox" 1' -a list -d 'List the mails in the sandbox.'
complete -c postroom -n '__postroom_at "sandbox" 1' -a show -d 'Show a mail of the sandbox.'
complete -c postroom -n '__postroom_at "sandbox" 1' -a clear -d 'Remove all mails from the sandbox.'
complete -c postroom -n '__postroom_in "smtp set"' -l title -d 'What people call the server.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l provider -d 'The preset of the mail provider; it fills in what is not given.' -r -f -a '(__postroom_ask presets)'
complete -c postroom -n '__postroom_in "smtp set"' -l region -d 'The provider\'s region, where its preset has several.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l host -d 'The submission server\'s name or IP address. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l port -d 'The submission server\'s port. Default: the preset\'s, else 465 for tls, 587 for starttls, 25 for none.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l security -d 'How the connection is protected: TLS from the first byte, STARTTLS before anything else, or not at all. Default: the preset\'s, else what the port stands for, else tls.' -r -f -a 'tls starttls none'
complete -c postroom -n '__postroom_in "smtp set"' -l tls-server-name -d 'The name that the server\'s certificate must have, where it is not the host\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l auth -d 'How to log in: with a password, an OAuth 2.0 access token, the TLS client certificate, or not at all. Default: what the given secret, the client ID or the preset says, else password where there is a username, else none.' -r -f -a 'password oauth2 external none'
complete -c postroom -n '__postroom_in "smtp set"' -l mechanism -d 'The SASL mechanism. Without it the strongest that both sides know is taken; cram-md5 only when named here.' -r -f -a 'plain login scram-sha-256 cram-md5 xoauth2 oauthbearer external'
complete -c postroom -n '__postroom_in "smtp set"' -l username -d 'The name to log in with.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l from -d 'The sender of mails that name none. Default: the username, where it is an address.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l from-name -d 'The sender\'s display name.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l reply-to -d 'Where answers go.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l from-policy -d 'What happens to another sender: kept, replaced by this server\'s, or replaced when its domain differs. Default: force where the provider refuses foreign senders, else keep.' -r -f -a 'keep force domain'
complete -c postroom -n '__postroom_in "smtp set"' -l helo -d 'The name that this machine gives in EHLO. Default: this machine\'s full name, else its address.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l tls-profile -d 'The TLS profile whose settings apply.' -r -f -a '(__postroom_ask profiles)'
complete -c postroom -n '__postroom_in "smtp set"' -l proxy -d 'The SOCKS5 or HTTP CONNECT proxy on the way to the server.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l allow-cleartext -d 'Accept security none off this machine: for mail without a login, or for the login as well.' -r -f -a 'mail login'
complete -c postroom -n '__postroom_in "smtp set"' -l connect-timeout -d 'Time limit to connect and log in. Default: 30s.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l timeout -d 'Time limit for the server\'s final word on a mail. Default: 1m.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l tls-min -d 'The lowest TLS version that is spoken. Default: 1.2.' -r -f -a '1.2 1.3'
complete -c postroom -n '__postroom_in "smtp set"' -l ca-file -d 'Trust the authorities in this PEM file instead of the system\'s.' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l client-cert -d 'Certificate that this machine shows to the server (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l client-key -d 'Private key of the client certificate (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l pin -d 'Accept only a certificate with this public key, whatever authority signed it.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l flow -d 'The way in which a person or this machine logs in. Default: what this machine can do.' -r -f -a 'browser paste device client-credentials service-account'
complete -c postroom -n '__postroom_in "smtp set"' -l client-id -d 'The application\'s client ID at the provider.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l client-secret-expires -d 'The day on which the client secret, or the certificate, dies.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l certificate -d 'Certificate with which the application proves itself instead of a secret (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l certificate-key -d 'Private key of that certificate (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l service-account -d 'Google\'s key file of a service account (JSON).' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l tenant -d 'Microsoft\'s tenant: a GUID, a domain, or organizations. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l issuer -d 'The issuer of the provider, for discovery. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l authorization-endpoint -d 'The address at which a person consents. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l token-endpoint -d 'The address that gives tokens. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l device-authorization-endpoint -d 'The address that gives codes for devices. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l revocation-endpoint -d 'The address that takes tokens back. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l scope -d 'The scopes to ask for, separated by spaces. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l redirect-uri -d 'The redirect address that is registered for the application. Default: the preset\'s, else http://127.0.0.1:PORT/callback.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l password-stdin -d 'Read the password from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp set"' -l password-file -d 'Read the password from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l password-command -d 'Read the password from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp set"' -l password-env -d 'Read the password from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l access-token-stdin -d 'Read the OAuth 2.0 access token from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp set"' -l access-token-file -d 'Read the OAuth 2.0 access token from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l access-token-command -d 'Read the OAuth 2.0 access token from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp set"' -l access-token-env -d 'Read the OAuth 2.0 access token from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l proxy-password-stdin -d 'Read the proxy\'s password from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp set"' -l proxy-password-file -d 'Read the proxy\'s password from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l proxy-password-command -d 'Read the proxy\'s password from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp set"' -l proxy-password-env -d 'Read the proxy\'s password from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l client-secret-stdin -d 'Read the OAuth 2.0 client secret from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp set"' -l client-secret-file -d 'Read the OAuth 2.0 client secret from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l client-secret-command -d 'Read the OAuth 2.0 client secret from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp set"' -l client-secret-env -d 'Read the OAuth 2.0 client secret from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l assertion-stdin -d 'Read the OAuth 2.0 client assertion from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp set"' -l assertion-file -d 'Read the OAuth 2.0 client assertion from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp set"' -l assertion-command -d 'Read the OAuth 2.0 client assertion from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp set"' -l assertion-env -d 'Read the OAuth 2.0 client assertion from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l unset -d 'Remove this setting; repeatable.' -r -f -a 'title enabled provider region host port security tls_server_name auth mechanism username password access_token from from_name reply_to from_policy helo tls_profile proxy proxy_password allow_cleartext connect_timeout timeout rate max_connections tls.minimum tls.ca_file tls.client_cert tls.client_key tls.pin tls.strict oauth.flow oauth.client_id oauth.client_secret oauth.client_secret_expires oauth.certificate oauth.certificate_key oauth.assertion oauth.service_account oauth.tenant oauth.issuer oauth.authorization_endpoint oauth.token_endpoint oauth.device_authorization_endpoint oauth.revocation_endpoint oauth.scope oauth.redirect_uri oauth.tokens'
complete -c postroom -n '__postroom_in "smtp set"' -l store -d 'The store for a secret from stdin: keyring, encrypted or plain.' -r -f -a 'keyring encrypted plain'
complete -c postroom -n '__postroom_in "smtp set"' -l insecure-storage -d 'Allow --store plain: the secret in a readable file.'
complete -c postroom -n '__postroom_in "smtp set"' -l default -d 'Make it the default server.'
complete -c postroom -n '__postroom_in "smtp set"' -l test -d 'Test it first; save only what works.'
complete -c postroom -n '__postroom_in "smtp set"' -l dry-run -d 'Show what would change, and change nothing.'
complete -c postroom -n '__postroom_in "smtp set"' -l rate -d 'No more messages than this go out. Default: the preset\'s. Not used by this release.' -r -f
complete -c postroom -n '__postroom_in "smtp set"' -l max-connections -d 'No more connections than this at a time. Default: 2. Not used by this release.' -r -f
complete -c postroom -n '__postroom_at "smtp set" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_at "smtp show" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_at "smtp use" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_at "smtp rename" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_in "smtp remove"' -l yes -d 'Do not ask.'
complete -c postroom -n '__postroom_at "smtp remove" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_at "smtp enable" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_at "smtp disable" 1' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_in "smtp providers"' -l online -d 'Look up the mail exchangers of a domain that no preset lists.'
complete -c postroom -n '__postroom_at "smtp providers" 1' -f -a '(__postroom_ask presets)'
complete -c postroom -n '__postroom_in "smtp test"' -l title -d 'What people call the server.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l provider -d 'The preset of the mail provider; it fills in what is not given.' -r -f -a '(__postroom_ask presets)'
complete -c postroom -n '__postroom_in "smtp test"' -l region -d 'The provider\'s region, where its preset has several.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l host -d 'The submission server\'s name or IP address. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l port -d 'The submission server\'s port. Default: the preset\'s, else 465 for tls, 587 for starttls, 25 for none.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l security -d 'How the connection is protected: TLS from the first byte, STARTTLS before anything else, or not at all. Default: the preset\'s, else what the port stands for, else tls.' -r -f -a 'tls starttls none'
complete -c postroom -n '__postroom_in "smtp test"' -l tls-server-name -d 'The name that the server\'s certificate must have, where it is not the host\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l auth -d 'How to log in: with a password, an OAuth 2.0 access token, the TLS client certificate, or not at all. Default: what the given secret, the client ID or the preset says, else password where there is a username, else none.' -r -f -a 'password oauth2 external none'
complete -c postroom -n '__postroom_in "smtp test"' -l mechanism -d 'The SASL mechanism. Without it the strongest that both sides know is taken; cram-md5 only when named here.' -r -f -a 'plain login scram-sha-256 cram-md5 xoauth2 oauthbearer external'
complete -c postroom -n '__postroom_in "smtp test"' -l username -d 'The name to log in with.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l from -d 'The sender of mails that name none. Default: the username, where it is an address.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l from-name -d 'The sender\'s display name.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l reply-to -d 'Where answers go.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l from-policy -d 'What happens to another sender: kept, replaced by this server\'s, or replaced when its domain differs. Default: force where the provider refuses foreign senders, else keep.' -r -f -a 'keep force domain'
complete -c postroom -n '__postroom_in "smtp test"' -l helo -d 'The name that this machine gives in EHLO. Default: this machine\'s full name, else its address.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l tls-profile -d 'The TLS profile whose settings apply.' -r -f -a '(__postroom_ask profiles)'
complete -c postroom -n '__postroom_in "smtp test"' -l proxy -d 'The SOCKS5 or HTTP CONNECT proxy on the way to the server.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l allow-cleartext -d 'Accept security none off this machine: for mail without a login, or for the login as well.' -r -f -a 'mail login'
complete -c postroom -n '__postroom_in "smtp test"' -l connect-timeout -d 'Time limit to connect and log in. Default: 30s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l timeout -d 'Time limit for the server\'s final word on a mail. Default: 1m.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l tls-min -d 'The lowest TLS version that is spoken. Default: 1.2.' -r -f -a '1.2 1.3'
complete -c postroom -n '__postroom_in "smtp test"' -l ca-file -d 'Trust the authorities in this PEM file instead of the system\'s.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l client-cert -d 'Certificate that this machine shows to the server (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l client-key -d 'Private key of the client certificate (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l pin -d 'Accept only a certificate with this public key, whatever authority signed it.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l flow -d 'The way in which a person or this machine logs in. Default: what this machine can do.' -r -f -a 'browser paste device client-credentials service-account'
complete -c postroom -n '__postroom_in "smtp test"' -l client-id -d 'The application\'s client ID at the provider.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l client-secret-expires -d 'The day on which the client secret, or the certificate, dies.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l certificate -d 'Certificate with which the application proves itself instead of a secret (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l certificate-key -d 'Private key of that certificate (PEM).' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l service-account -d 'Google\'s key file of a service account (JSON).' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l tenant -d 'Microsoft\'s tenant: a GUID, a domain, or organizations. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l issuer -d 'The issuer of the provider, for discovery. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l authorization-endpoint -d 'The address at which a person consents. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l token-endpoint -d 'The address that gives tokens. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l device-authorization-endpoint -d 'The address that gives codes for devices. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l revocation-endpoint -d 'The address that takes tokens back. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l scope -d 'The scopes to ask for, separated by spaces. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l redirect-uri -d 'The redirect address that is registered for the application. Default: the preset\'s, else http://127.0.0.1:PORT/callback.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l password-stdin -d 'Read the password from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp test"' -l password-file -d 'Read the password from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l password-command -d 'Read the password from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp test"' -l password-env -d 'Read the password from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l access-token-stdin -d 'Read the OAuth 2.0 access token from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp test"' -l access-token-file -d 'Read the OAuth 2.0 access token from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l access-token-command -d 'Read the OAuth 2.0 access token from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp test"' -l access-token-env -d 'Read the OAuth 2.0 access token from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l proxy-password-stdin -d 'Read the proxy\'s password from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp test"' -l proxy-password-file -d 'Read the proxy\'s password from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l proxy-password-command -d 'Read the proxy\'s password from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp test"' -l proxy-password-env -d 'Read the proxy\'s password from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l client-secret-stdin -d 'Read the OAuth 2.0 client secret from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp test"' -l client-secret-file -d 'Read the OAuth 2.0 client secret from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l client-secret-command -d 'Read the OAuth 2.0 client secret from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp test"' -l client-secret-env -d 'Read the OAuth 2.0 client secret from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l assertion-stdin -d 'Read the OAuth 2.0 client assertion from standard input and store it.'
complete -c postroom -n '__postroom_in "smtp test"' -l assertion-file -d 'Read the OAuth 2.0 client assertion from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l assertion-command -d 'Read the OAuth 2.0 client assertion from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "smtp test"' -l assertion-env -d 'Read the OAuth 2.0 client assertion from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l to -d 'A recipient; repeatable.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l until -d 'Stop after this step: config, secret, token, resolve, connect, tls, greeting, ehlo, starttls, auth, mail, rcpt, data.' -r -f -a 'config secret token resolve connect tls greeting ehlo starttls auth mail rcpt data'
complete -c postroom -n '__postroom_in "smtp test"' -l as -d 'Take the route of this kind of mail: test, invite, reset, alert. Default: test.' -r -f -a 'test invite reset alert'
complete -c postroom -n '__postroom_in "smtp test"' -l trace -d 'Show the dialogue; secrets are left out.'
complete -c postroom -n '__postroom_in "smtp test"' -l online -d 'Ask the DNS what it tells about the sender\'s domain, too.'
complete -c postroom -n '__postroom_in "smtp test"' -l dkim-selector -d 'Where the domain\'s DKIM key stands, for --online.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l strict -d 'Exit 5 when there is something to mend.'
complete -c postroom -n '__postroom_in "smtp test"' -l retries -d 'Try again so often when the failure may pass. Default: 0.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l wait -d 'The pause between tries. Default: 5s.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l format -d 'The form of the report. Default: text.' -r -f -a 'text github junit nagios'
complete -c postroom -n '__postroom_in "smtp test"' -l junit -d 'Write a JUnit report into this file as well.' -r -F
complete -c postroom -n '__postroom_in "smtp test"' -l rate -d 'No more messages than this go out. Default: the preset\'s. Not used by this release.' -r -f
complete -c postroom -n '__postroom_in "smtp test"' -l max-connections -d 'No more connections than this at a time. Default: 2. Not used by this release.' -r -f
complete -c postroom -n '__postroom_at "smtp test" 1+' -f -a '(__postroom_ask servers)'
complete -c postroom -n '__postroom_in "oauth setup"' -l mailbox -d 'The mailbox that sends; repeat it for several.' -r -f
complete -c postroom -n '__postroom_in "oauth setup"' -l for -d 'One mailbox on one machine, or many hosts; without a terminal one.' -r -f -a 'one many'
complete -c postroom -n '__postroom_in "oauth setup"' -l flow -d 'This way to log in, and not the one that is advised.' -r -f -a 'browser paste device client-credentials service-account'
complete -c postroom -n '__postroom_in "oauth setup"' -l style -d 'How Exchange is told of an application: rbac, where nothing is said.' -r -f -a 'rbac classic'
complete -c postroom -n '__postroom_in "oauth setup"' -l tenant -d 'The organisation at Microsoft: its GUID or a domain.' -r -f
complete -c postroom -n '__postroom_in "oauth setup"' -l client-id -d 'The application\'s ID, where it is registered already.' -r -f
complete -c postroom -n '__postroom_in "oauth setup"' -l redirect-uri -d 'Register this redirect address instead of the usual one.' -r -f
complete -c postroom -n '__postroom_in "oauth setup"' -l script -d 'Print this script alone.' -r -f -a 'entra exchange project account check'
complete -c postroom -n '__postroom_in "oauth setup"' -l write -d 'Write the scripts into this directory; none is overwritten.' -r -f -a '(__fish_complete_directories)'
complete -c postroom -n '__postroom_in "oauth login"' -l provider -d 'The preset of the mail provider; it fills in what is not given.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l flow -d 'The way in which a person or this machine logs in. Default: what this machine can do.' -r -f -a 'browser paste device client-credentials service-account'
complete -c postroom -n '__postroom_in "oauth login"' -l client-id -d 'The application\'s client ID at the provider.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l client-secret-expires -d 'The day on which the client secret, or the certificate, dies.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l certificate -d 'Certificate with which the application proves itself instead of a secret (PEM).' -r -F
complete -c postroom -n '__postroom_in "oauth login"' -l certificate-key -d 'Private key of that certificate (PEM).' -r -F
complete -c postroom -n '__postroom_in "oauth login"' -l service-account -d 'Google\'s key file of a service account (JSON).' -r -F
complete -c postroom -n '__postroom_in "oauth login"' -l tenant -d 'Microsoft\'s tenant: a GUID, a domain, or organizations. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l issuer -d 'The issuer of the provider, for discovery. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l authorization-endpoint -d 'The address at which a person consents. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l token-endpoint -d 'The address that gives tokens. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l device-authorization-endpoint -d 'The address that gives codes for devices. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l revocation-endpoint -d 'The address that takes tokens back. Default: the preset\'s, else what the issuer\'s metadata says.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l scope -d 'The scopes to ask for, separated by spaces. Default: the preset\'s.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l redirect-uri -d 'The redirect address that is registered for the application. Default: the preset\'s, else http://127.0.0.1:PORT/callback.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l client-secret-stdin -d 'Read the OAuth 2.0 client secret from standard input and store it.'
complete -c postroom -n '__postroom_in "oauth login"' -l client-secret-file -d 'Read the OAuth 2.0 client secret from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "oauth login"' -l client-secret-command -d 'Read the OAuth 2.0 client secret from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "oauth login"' -l client-secret-env -d 'Read the OAuth 2.0 client secret from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l assertion-stdin -d 'Read the OAuth 2.0 client assertion from standard input and store it.'
complete -c postroom -n '__postroom_in "oauth login"' -l assertion-file -d 'Read the OAuth 2.0 client assertion from the first line of this file each time.' -r -F
complete -c postroom -n '__postroom_in "oauth login"' -l assertion-command -d 'Read the OAuth 2.0 client assertion from this command\'s output each time.' -r -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "oauth login"' -l assertion-env -d 'Read the OAuth 2.0 client assertion from this environment variable each time.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l client-file -d 'Google\'s downloaded client file (JSON).' -r -F
complete -c postroom -n '__postroom_in "oauth login"' -l no-browser -d 'Print the address; open no browser.'
complete -c postroom -n '__postroom_in "oauth login"' -l listen-port -d 'Wait for the browser at this port. Default: 0.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l timeout -d 'How long to wait for a person; without it 3m, with device as long as the code lives.' -r -f
complete -c postroom -n '__postroom_in "oauth login"' -l store -d 'The store for the tokens: keyring, encrypted or plain.' -r -f -a 'keyring encrypted plain'
complete -c postroom -n '__postroom_in "oauth login"' -l insecure-storage -d 'Allow --store plain: the tokens in a readable file.'
complete -c postroom -n '__postroom_in "oauth status"' -l offline -d 'Ask no provider; tell what is kept.'
complete -c postroom -n '__postroom_in "oauth refresh"' -l all -d 'Every server; warn the operator of what will end.'
complete -c postroom -n '__postroom_in "oauth logout"' -l no-revoke -d 'Do not ask the provider to take them back.'
complete -c postroom -n '__postroom_at "tls show" 1' -f -a '(__postroom_ask profiles)'
complete -c postroom -n '__postroom_in "tls set"' -l min -d 'The lowest TLS version.' -r -f -a '1.2 1.3'
complete -c postroom -n '__postroom_in "tls set"' -l ca-file -d 'Trust the authorities in this PEM file alone.' -r -F
complete -c postroom -n '__postroom_in "tls set"' -l client-cert -d 'The client certificate (PEM).' -r -F
complete -c postroom -n '__postroom_in "tls set"' -l client-key -d 'The client certificate\'s key (PEM).' -r -F
complete -c postroom -n '__postroom_in "tls set"' -l pin -d 'The one public key to accept: sha256/BASE64.' -r -f
complete -c postroom -n '__postroom_in "tls set"' -l strict -l no-strict -d 'Whether RFC 5280 holds to the letter.'
complete -c postroom -n '__postroom_in "tls set"' -l unset -d 'Remove this setting; repeatable.' -r -f -a 'minimum ca_file client_cert client_key pin strict'
complete -c postroom -n '__postroom_at "tls set" 1' -f -a '(__postroom_ask profiles)'
complete -c postroom -n '__postroom_in "tls remove"' -l yes -d 'Do not ask.'
complete -c postroom -n '__postroom_at "tls remove" 1' -f -a '(__postroom_ask profiles)'
complete -c postroom -n '__postroom_at "config get" 1' -f -a '(__postroom_ask keys)'
complete -c postroom -n '__postroom_in "config set"' -l dry-run -d 'Write nothing; show the difference.'
complete -c postroom -n '__postroom_at "config set" 1' -f -a '(__postroom_ask keys)'
complete -c postroom -n '__postroom_in "config unset"' -l dry-run -d 'Write nothing; show the difference.'
complete -c postroom -n '__postroom_at "config unset" 1' -f -a '(__postroom_ask keys)'
complete -c postroom -n '__postroom_in "config apply"' -l check -d 'Write nothing; exit 1 if something would change.'
complete -c postroom -n '__postroom_in "config apply"' -l prune -d 'Remove servers and TLS profiles that FILE does not name.'
complete -c postroom -n '__postroom_in "config apply"' -l dry-run -d 'Write nothing; show the difference.'
complete -c postroom -n '__postroom_at "config apply" 1' -F
complete -c postroom -n '__postroom_in "config rollback"' -l dry-run -d 'Write nothing; show the difference.'
complete -c postroom -n '__postroom_in "secrets set"' -l stdin -d 'Read the secret from standard input.'
complete -c postroom -n '__postroom_in "secrets set"' -l store -d 'keyring, encrypted or plain; else where it is now.' -r -f -a 'keyring encrypted plain'
complete -c postroom -n '__postroom_in "secrets set"' -l insecure-storage -d 'Allow the plain store, which is plain text.'
complete -c postroom -n '__postroom_at "secrets set" 1' -f -a '(__postroom_ask secrets)'
complete -c postroom -n '__postroom_in "secrets remove"' -l yes -d 'Do not ask.'
complete -c postroom -n '__postroom_at "secrets remove" 1' -f -a '(__postroom_ask secrets)'
complete -c postroom -n '__postroom_in "secrets move"' -l store -d 'keyring, encrypted or plain.' -r -f -a 'keyring encrypted plain'
complete -c postroom -n '__postroom_in "secrets move"' -l insecure-storage -d 'Allow the plain store, which is plain text.'
complete -c postroom -n '__postroom_at "secrets move" 1' -f -a '(__postroom_ask secrets)'
complete -c postroom -n '__postroom_in "sandbox serve"' -l port -d 'The port on localhost; 0 takes a free one. Default: 1025.' -r -f
complete -c postroom -n '__postroom_in "sandbox serve"' -l ready-file -d 'Write where it listens into this file, once it does.' -r -F
complete -c postroom -n '__postroom_in "sandbox run"' -l expect -d 'Fail when fewer mails than this arrived.' -r -f
complete -c postroom -n '__postroom_in "sandbox run"' -l keep -d 'Keep the mails in this directory.' -r -f -a '(__fish_complete_directories)'
complete -c postroom -n '__postroom_at "sandbox run" 1+' -F -a '(__fish_complete_command)'
complete -c postroom -n '__postroom_in "sandbox wait"' -l to -d 'The recipient, as in the envelope.' -r -f
complete -c postroom -n '__postroom_in "sandbox wait"' -l subject -d 'A regular expression that the subject must match somewhere.' -r -f
complete -c postroom -n '__postroom_in "sandbox wait"' -l count -d 'Wait for so many mails. Default: 1.' -r -f
complete -c postroom -n '__postroom_in "sandbox wait"' -l timeout -d 'Give up after this time. Default: 30s.' -r -f
complete -c postroom -n '__postroom_in "sandbox wait"' -l new -d 'Count only mails that arrive from now on.'
complete -c postroom -n '__postroom_in "sandbox show"' -l raw -d 'Show the mail as it came.'
complete -c postroom -n '__postroom_in "sandbox clear"' -l yes -d 'Do not ask.'
complete -c postroom -n '__postroom_in "explain"' -l file -d 'Read the text from this file; - is standard input.' -r -F
complete -c postroom -n '__postroom_in "explain"' -l step -d 'Where it happened, as a hint: connect, tls, auth, rcpt, data ...' -r -f -a 'connect tls auth rcpt data'
complete -c postroom -n '__postroom_in "explain"' -l provider -d 'Who answered, as a hint: gmail, microsoft365, postfix ...' -r -f -a '(__postroom_ask providers)'
complete -c postroom -n '__postroom_at "completion" 1' -f -a 'bash zsh fish'
complete -c postroom -n '__postroom_at "man" 1' -f -a 'postroom postroom-smtp postroom-oauth postroom-tls postroom-config postroom-secrets postroom-sandbox postroom-explain postroom-status postroom-demo postroom-completion postroom-man postroom.toml postroom-oauth-google postroom-oauth-microsoft postroom-oauth-tokens postroom-faults'
