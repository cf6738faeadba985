# bash completion for postroom, made from the program by python -m postroom.cli.manual; do not edit.
# Commands, options and fixed values stand here; the program is started only for what depends on the configuration.

_postroom_offer() { # WORD...: offer those that begin with what was typed
    local word
    for word; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$lead$word")
    done
    return 0
}

_postroom_ask() { # KIND: offer what the program knows of this kind
    local word
    while IFS= read -r word; do
        _postroom_offer "$word"
    done < <("${program[@]}" --values "$1" 2>/dev/null </dev/null)
}

_postroom_files() { # -f for files, -d for directories, -c for commands
    local word
    [[ $1 != -c ]] && type compopt &>/dev/null && compopt -o filenames 2>/dev/null
    while IFS= read -r word; do
        COMPREPLY+=("$lead$word")
    done < <(compgen "$1" -- "$cur")
}

_postroom_name() { # PATH WORD: the command's own name, where the word is another name of it
    case $2 in
        rm | \
            delete) name=remove ;;
        secret) name=secrets ;;
        *) name=$2 ;;
    esac
}

_postroom_is_group() { # PATH
    case $1 in
        '' | smtp | oauth | tls | config | secrets | sandbox) return 0 ;;
        *) return 1 ;;
    esac
}

_postroom_takes_value() { # PATH OPTION
    case $1:$2 in
        'explain':--file | \
            'explain':--provider | \
            'explain':--step | \
            'oauth login':--assertion-command | \
            'oauth login':--assertion-env | \
            'oauth login':--assertion-file | \
            'oauth login':--authorization-endpoint | \
            'oauth login':--certificate | \
            'oauth login':--certificate-key | \
            'oauth login':--client-file | \
            'oauth login':--client-id | \
            'oauth login':--client-secret-command | \
            'oauth login':--client-secret-env | \
            'oauth login':--client-secret-expires | \
            'oauth login':--client-secret-file | \
            'oauth login':--device-authorization-endpoint | \
            'oauth login':--flow | \
            'oauth login':--issuer | \
            'oauth login':--listen-port | \
            'oauth login':--provider | \
            'oauth login':--redirect-uri | \
            'oauth login':--revocation-endpoint | \
            'oauth login':--scope | \
            'oauth login':--service-account | \
            'oauth login':--store | \
            'oauth login':--tenant | \
            'oauth login':--timeout | \
            'oauth login':--token-endpoint | \
            'oauth setup':--client-id | \
            'oauth setup':--flow | \
            'oauth setup':--for | \
            'oauth setup':--mailbox | \
            'oauth setup':--redirect-uri | \
            'oauth setup':--script | \
            'oauth setup':--style | \
            'oauth setup':--tenant | \
            'oauth setup':--write | \
            'sandbox run':--expect | \
            'sandbox run':--keep | \
            'sandbox serve':--port | \
            'sandbox serve':--ready-file | \
            'sandbox wait':--count | \
            'sandbox wait':--subject | \
            'sandbox wait':--timeout | \
            'sandbox wait':--to | \
            'secrets move':--store | \
            'secrets set':--store | \
            'smtp set':--access-token-command | \
            'smtp set':--access-token-env | \
            'smtp set':--access-token-file | \
            'smtp set':--allow-cleartext | \
            'smtp set':--assertion-command | \
            'smtp set':--assertion-env | \
            'smtp set':--assertion-file | \
            'smtp set':--auth | \
            'smtp set':--authorization-endpoint | \
            'smtp set':--ca-file | \
            'smtp set':--certificate | \
            'smtp set':--certificate-key | \
            'smtp set':--client-cert | \
            'smtp set':--client-id | \
            'smtp set':--client-key | \
            'smtp set':--client-secret-command | \
            'smtp set':--client-secret-env | \
            'smtp set':--client-secret-expires | \
            'smtp set':--client-secret-file | \
            'smtp set':--connect-timeout | \
            'smtp set':--device-authorization-endpoint | \
            'smtp set':--flow | \
            'smtp set':--from | \
            'smtp set':--from-name | \
            'smtp set':--from-policy | \
            'smtp set':--helo | \
            'smtp set':--host | \
            'smtp set':--issuer | \
            'smtp set':--max-connections | \
            'smtp set':--mechanism | \
            'smtp set':--password-command | \
            'smtp set':--password-env | \
            'smtp set':--password-file | \
            'smtp set':--pin | \
            'smtp set':--port | \
            'smtp set':--provider | \
            'smtp set':--proxy | \
            'smtp set':--proxy-password-command | \
            'smtp set':--proxy-password-env | \
            'smtp set':--proxy-password-file | \
            'smtp set':--rate | \
            'smtp set':--redirect-uri | \
            'smtp set':--region | \
            'smtp set':--reply-to | \
            'smtp set':--revocation-endpoint | \
            'smtp set':--scope | \
            'smtp set':--security | \
            'smtp set':--service-account | \
            'smtp set':--store | \
            'smtp set':--tenant | \
            'smtp set':--timeout | \
            'smtp set':--title | \
            'smtp set':--tls-min | \
            'smtp set':--tls-profile | \
            'smtp set':--tls-server-name | \
            'smtp set':--token-endpoint | \
            'smtp set':--unset | \
            'smtp set':--username | \
            'smtp test':--access-token-command | \
            'smtp test':--access-token-env | \
            'smtp test':--access-token-file | \
            'smtp test':--allow-cleartext | \
            'smtp test':--as | \
            'smtp test':--assertion-command | \
            'smtp test':--assertion-env | \
            'smtp test':--assertion-file | \
            'smtp test':--auth | \
            'smtp test':--authorization-endpoint | \
            'smtp test':--ca-file | \
            'smtp test':--certificate | \
            'smtp test':--certificate-key | \
            'smtp test':--client-cert | \
            'smtp test':--client-id | \
            'smtp test':--client-key | \
            'smtp test':--client-secret-command | \
            'smtp test':--client-secret-env | \
            'smtp test':--client-secret-expires | \
            'smtp test':--client-secret-file | \
            'smtp test':--connect-timeout | \
            'smtp test':--device-authorization-endpoint | \
            'smtp test':--dkim-selector | \
            'smtp test':--flow | \
            'smtp test':--format | \
            'smtp test':--from | \
            'smtp test':--from-name | \
            'smtp test':--from-policy | \
            'smtp test':--helo | \
            'smtp test':--host | \
            'smtp test':--issuer | \
            'smtp test':--junit | \
            'smtp test':--max-connections | \
            'smtp test':--mechanism | \
            'smtp test':--password-command | \
            'smtp test':--password-env | \
            'smtp test':--password-file | \
            'smtp test':--pin | \
            'smtp test':--port | \
            'smtp test':--provider | \
            'smtp test':--proxy | \
            'smtp test':--proxy-password-command | \
            'smtp test':--proxy-password-env | \
            'smtp test':--proxy-password-file | \
            'smtp test':--rate | \
            'smtp test':--redirect-uri | \
            'smtp test':--region | \
            'smtp test':--reply-to | \
            'smtp test':--retries | \
            'smtp test':--revocation-endpoint | \
            'smtp test':--scope | \
            'smtp test':--security | \
            'smtp test':--service-account | \
            'smtp test':--tenant | \
            'smtp test':--timeout | \
            'smtp test':--title | \
            'smtp test':--tls-min | \
            'smtp test':--tls-profile | \
            'smtp test':--tls-server-name | \
            'smtp test':--to | \
            'smtp test':--token-endpoint | \
            'smtp test':--until | \
            'smtp test':--username | \
            'smtp test':--wait | \
            'tls set':--ca-file | \
            'tls set':--client-cert | \
            'tls set':--client-key | \
            'tls set':--min | \
            'tls set':--pin | \
            'tls set':--unset | \
            *:--config | \
            *:--state-dir) return 0 ;;
        *) return 1 ;;
    esac
}

_postroom_value() { # PATH OPTION: offer values of the option
    case $1:$2 in
        *:--config | \
            'smtp set':--ca-file | \
            'smtp set':--client-cert | \
            'smtp set':--client-key | \
            'smtp set':--certificate | \
            'smtp set':--certificate-key | \
            'smtp set':--service-account | \
            'smtp set':--password-file | \
            'smtp set':--access-token-file | \
            'smtp set':--proxy-password-file | \
            'smtp set':--client-secret-file | \
            'smtp set':--assertion-file | \
            'smtp test':--ca-file | \
            'smtp test':--client-cert | \
            'smtp test':--client-key | \
            'smtp test':--certificate | \
            'smtp test':--certificate-key | \
            'smtp test':--service-account | \
            'smtp test':--password-file | \
            'smtp test':--access-token-file | \
            'smtp test':--proxy-password-file | \
            'smtp test':--client-secret-file | \
            'smtp test':--assertion-file | \
            'smtp test':--junit | \
            'oauth login':--certificate | \
            'oauth login':--certificate-key | \
            'oauth login':--service-account | \
            'oauth login':--client-secret-file | \
            'oauth login':--assertion-file | \
            'oauth login':--client-file | \
            'tls set':--ca-file | \
            'tls set':--client-cert | \
            'tls set':--client-key | \
            'sandbox serve':--ready-file | \
            'explain':--file) _postroom_files -f ;;
        *:--state-dir | \
            'oauth setup':--write | \
            'sandbox run':--keep) _postroom_files -d ;;
        'smtp set':--provider | \
            'smtp test':--provider) _postroom_ask presets ;;
        'smtp set':--security | \
            'smtp test':--security) _postroom_offer tls starttls none ;;
        'smtp set':--auth | \
            'smtp test':--auth) _postroom_offer password oauth2 external none ;;
        'smtp set':--mechanism | \
            'smtp test':--mechanism) _postroom_offer plain login scram-sha-256 cram-md5 xoauth2 oauthbearer external ;;
        'smtp set':--from-policy | \
            'smtp test':--from-policy) _postroom_offer keep force domain ;;
        'smtp set':--tls-profile | \
            'smtp test':--tls-profile) _postroom_ask profiles ;;
        'smtp set':--allow-cleartext | \
            'smtp test':--allow-cleartext) _postroom_offer mail login ;;
        'smtp set':--tls-min | \
            'smtp test':--tls-min | \
            'tls set':--min) _postroom_offer 1.2 1.3 ;;
        'smtp set':--flow | \
            'smtp test':--flow | \
            'oauth setup':--flow | \
            'oauth login':--flow) _postroom_offer browser paste device client-credentials service-account ;;
        'smtp set':--password-command | \
            'smtp set':--access-token-command | \
            'smtp set':--proxy-password-command | \
            'smtp set':--client-secret-command | \
            'smtp set':--assertion-command | \
            'smtp test':--password-command | \
            'smtp test':--access-token-command | \
            'smtp test':--proxy-password-command | \
            'smtp test':--client-secret-command | \
            'smtp test':--assertion-command | \
            'oauth login':--client-secret-command | \
            'oauth login':--assertion-command) if (($2 == 1)); then _postroom_files -c; else _postroom_files -f; fi ;;
        'smtp set':--unset) _postroom_offer title enabled provider region host port security tls_server_name auth mechanism username password access_token from from_name reply_to from_policy helo tls_profile proxy proxy_password allow_cleartext connect_timeout timeout rate max_connections tls.minimum tls.ca_file tls.client_cert tls.client_key tls.pin tls.strict oauth.flow oauth.client_id oauth.client_secret oauth.client_secret_expires oauth.certificate oauth.certificate_key oauth.assertion oauth.service_account oauth.tenant oauth.issuer oauth.authorization_endpoint oauth.token_endpoint oauth.device_authorization_endpoint oauth.revocation_endpoint oauth.scope oauth.redirect_uri oauth.tokens ;;
        'smtp set':--store | \
            'oauth login':--store | \
            'secrets set':--store | \
            'secrets move':--store) _postroom_offer keyring encrypted plain ;;
        'smtp test':--until) _postroom_offer config secret token resolve connect tls greeting ehlo starttls auth mail rcpt data ;;
        'smtp test':--as) _postroom_offer test invite reset alert ;;
        'smtp test':--format) _postroom_offer text github junit nagios ;;
        'oauth setup':--for) _postroom_offer one many ;;
        'oauth setup':--style) _postroom_offer rbac classic ;;
        'oauth setup':--script) _postroom_offer entra exchange project account check ;;
        'tls set':--unset) _postroom_offer minimum ca_file client_cert client_key pin strict ;;
        'explain':--step) _postroom_offer connect tls auth rcpt data ;;
        'explain':--provider) _postroom_ask providers ;;
    esac
}

_postroom_word() { # PATH N: offer what the Nth argument can be
    case $1:$2 in
        '':1) _postroom_offer smtp oauth tls config secrets sandbox explain status demo completion man ;;
        smtp:1) _postroom_offer set list show use rename remove enable disable providers test ;;
        oauth:1) _postroom_offer setup login status refresh token logout ;;
        tls:1) _postroom_offer list show set remove ;;
        config:1) _postroom_offer path show get set unset edit validate export apply history rollback ;;
        secrets:1) _postroom_offer list set remove move stores ;;
        sandbox:1) _postroom_offer serve run wait list show clear ;;
        'smtp set':1 | \
            'smtp show':1 | \
            'smtp use':1 | \
            'smtp rename':1 | \
            'smtp remove':1 | \
            'smtp enable':1 | \
            'smtp disable':1 | \
            'smtp test':*) _postroom_ask servers ;;
        'smtp providers':1) _postroom_ask presets ;;
        'tls show':1 | \
            'tls set':1 | \
            'tls remove':1) _postroom_ask profiles ;;
        'config get':1 | \
            'config set':1 | \
            'config unset':1) _postroom_ask keys ;;
        'config apply':1) _postroom_files -f ;;
        'secrets set':1 | \
            'secrets remove':1 | \
            'secrets move':1) _postroom_ask secrets ;;
        'sandbox run':*) if (($2 == 1)); then _postroom_files -c; else _postroom_files -f; fi ;;
        'completion':1) _postroom_offer bash zsh fish ;;
        'man':1) _postroom_offer postroom postroom-smtp postroom-oauth postroom-tls postroom-config postroom-secrets postroom-sandbox postroom-explain postroom-status postroom-demo postroom-completion postroom-man postroom.toml postroom-oauth-google postroom-oauth-microsoft postroom-oauth-tokens postroom-faults ;;
    esac
}

_postroom_options() { # PATH
    _postroom_offer --json --config --state-dir --system --user --no-input --quiet --verbose --debug --no-color --version -h --help
    case $1 in
        'smtp set') _postroom_offer --title --provider --region --host --port --security --tls-server-name --auth --mechanism --username --from --from-name --reply-to --from-policy --helo --tls-profile --proxy --allow-cleartext --connect-timeout --timeout --tls-min --ca-file --client-cert --client-key --pin --flow --client-id --client-secret-expires --certificate --certificate-key --service-account --tenant --issuer --authorization-endpoint --token-endpoint --device-authorization-endpoint --revocation-endpoint --scope --redirect-uri --password-stdin --password-file --password-command --password-env --access-token-stdin --access-token-file --access-token-command --access-token-env --proxy-password-stdin --proxy-password-file --proxy-password-command --proxy-password-env --client-secret-stdin --client-secret-file --client-secret-command --client-secret-env --assertion-stdin --assertion-file --assertion-command --assertion-env --unset --store --insecure-storage --default --test --dry-run --rate --max-connections ;;
        'smtp remove' | \
            'tls remove' | \
            'secrets remove' | \
            'sandbox clear') _postroom_offer --yes ;;
        'smtp providers') _postroom_offer --online ;;
        'smtp test') _postroom_offer --title --provider --region --host --port --security --tls-server-name --auth --mechanism --username --from --from-name --reply-to --from-policy --helo --tls-profile --proxy --allow-cleartext --connect-timeout --timeout --tls-min --ca-file --client-cert --client-key --pin --flow --client-id --client-secret-expires --certificate --certificate-key --service-account --tenant --issuer --authorization-endpoint --token-endpoint --device-authorization-endpoint --revocation-endpoint --scope --redirect-uri --password-stdin --password-file --password-command --password-env --access-token-stdin --access-token-file --access-token-command --access-token-env --proxy-password-stdin --proxy-password-file --proxy-password-command --proxy-password-env --client-secret-stdin --client-secret-file --client-secret-command --client-secret-env --assertion-stdin --assertion-file --assertion-command --assertion-env --to --until --as --trace --online --dkim-selector --strict --retries --wait --format --junit --rate --max-connections ;;
        'oauth setup') _postroom_offer --mailbox --for --flow --style --tenant --client-id --redirect-uri --script --write ;;
        'oauth login') _postroom_offer --provider --flow --client-id --client-secret-expires --certificate --certificate-key --service-account --tenant --issuer --authorization-endpoint --token-endpoint --device-authorization-endpoint --revocation-endpoint --scope --redirect-uri --client-secret-stdin --client-secret-file --client-secret-command --client-secret-env --assertion-stdin --assertion-file --assertion-command --assertion-env --client-file --no-browser --listen-port --timeout --store --insecure-storage ;;
        'oauth status') _postroom_offer --offline ;;
        'oauth refresh') _postroom_offer --all ;;
        'oauth logout') _postroom_offer --no-revoke ;;
        'tls set') _postroom_offer --min --ca-file --client-cert --client-key --pin --strict --no-strict --unset ;;
        'config set' | \
            'config unset' | \
            'config rollback') _postroom_offer --dry-run ;;
        'config apply') _postroom_offer --check --prune --dry-run ;;
        'secrets set') _postroom_offer --stdin --store --insecure-storage ;;
        'secrets move') _postroom_offer --store --insecure-storage ;;
        'sandbox serve') _postroom_offer --port --ready-file ;;
        'sandbox run') _postroom_offer --expect --keep ;;
        'sandbox wait') _postroom_offer --to --subject --count --timeout --new ;;
        'sandbox show') _postroom_offer --raw ;;
        'explain') _postroom_offer --file --step --provider ;;
    esac
}

_postroom() {
    local cur=${COMP_WORDS[COMP_CWORD]} path= option= ended= count=1 place=1 lead= name word
    local program=("${COMP_WORDS[0]/#\~\//$HOME/}" completion bash)
    COMPREPLY=()
    # --option=value comes as three words where = breaks words, as one elsewhere.
    while ((place < COMP_CWORD)); do
        word=${COMP_WORDS[place]}
        place=$((place + 1))
        if [[ -n $option && $word == "=" ]]; then
            continue
        elif [[ -n $option ]]; then
            case $option in
                --config | --state-dir) program+=("$option" "${word/#\~\//$HOME/}") ;;
            esac
            option=
        elif [[ -n $ended ]]; then
            count=$((count + 1))
        elif [[ $word == -- ]]; then
            ended=yes
        elif [[ $word == -* ]]; then
            case $word in
                --system | --user | --config=* | --state-dir=*) program+=("$word") ;;
            esac
            _postroom_takes_value "$path" "$word" && option=$word
        elif _postroom_is_group "$path"; then
            _postroom_name "$path" "$word"
            path=${path:+$path }$name
        else
            count=$((count + 1))
        fi
    done
    [[ -n $option && $cur == "=" ]] && cur=
    if [[ -z $option && -z $ended && $cur == --*=* ]]; then
        option=${cur%%=*}
        cur=${cur#*=}
        lead=$option=
    fi
    if [[ -n $option ]]; then
        _postroom_value "$path" "$option"
    elif [[ $cur == -* && -z $ended ]]; then
        _postroom_options "$path"
    else
        _postroom_word "$path" "$count"
    fi
}

complete -F _postroom postroom
