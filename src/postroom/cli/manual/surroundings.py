"""Owns what the manual says of files and of environment variables: the same words on every page."""

FILES = (
    ("/etc/postroom/config.toml", "The system's configuration."),
    ("/etc/postroom/conf.d/*.toml", "Read after it, in the order of their names; a later file wins."),
    ("/etc/postroom/presets/*.toml", "The system's own presets of mail providers."),
    ("/etc/postroom/faults/*.toml", "The system's own entries for faults; see postroom-faults(7)."),
    ("/etc/postroom/secrets.key", "The key of the system's encrypted secrets."),
    ("/var/lib/postroom", "The system's state: history, encrypted secrets, transcripts, the sandbox's mails."),
    (
        "~/.config/postroom/config.toml",
        "The user's configuration, with conf.d, presets and faults beside it; it wins over the system's.",
    ),
    (
        "~/.local/state/postroom",
        "The user's state. On macOS, configuration and state lie in ~/Library/Application Support/postroom.",
    ),
)

VARIABLES = (
    ("POSTROOM_CONFIG", "The configuration file, as with `--config`; the option wins."),
    ("POSTROOM_STATE_DIR", "The directory of the state, as with `--state-dir`; the option wins."),
    ("POSTROOM_SMTP_TO", "The recipients of smtp test where none is named, separated by commas."),
    ("POSTROOM_SANDBOX_DIR", "Where the sandbox keeps its mails; sandbox run sets it for its command."),
    ("GITHUB_STEP_SUMMARY", "The file to which smtp test --format github appends its summary; GitHub Actions sets it."),
    ("CREDENTIALS_DIRECTORY", "Where systemd puts a service's credentials; see postroom.toml(5)."),
    ("VISUAL, EDITOR", "The editor of config edit."),
    ("XDG_CONFIG_HOME, XDG_STATE_HOME", "Where the user's configuration and state lie instead of the places below."),
    ("BROWSER", "What postroom oauth login opens addresses with, if not with what the desktop does."),
    ("NO_COLOR, TERM", "No colour where NO_COLOR is set to anything, or TERM is dumb."),
    ("FORCE_COLOR", "Colour also where no terminal is; NO_COLOR and --no-color win."),
)
