//! Recipes of the manual page: uses of `wac` in shell scripts.
//!
//! The tests run them, from the text of the page, against a real server in place of `chat.lan`.

/// The purpose of each recipe, and its text.
pub(crate) const RECIPES: [(&str, &str); 7] = [
    (
        "Say that something went wrong",
        "./deploy || wac send ci@chat.lan 'the deployment failed'",
    ),
    (
        "Say what a log warns of, no faster than a server takes for long",
        "grep WARN app.log | wac send --rate 5/s log@chat.lan",
    ),
    (
        "Say it for sure, and never twice",
        "\
until wac send --confirm ci@chat.lan '1.2 is released'; do
    [ $? -eq 4 ] || exit 1
    sleep 5
done",
    ),
    (
        "Wait for a word, an hour at most",
        "wac listen chat.lan --from ann --match '^go$' --count 1 --timeout 1h && ./deploy",
    ),
    (
        "Answer whispers",
        "\
wac listen bot@chat.lan --whispers --format '{kind} {from}' | while read -r kind from; do
    [ \"$kind\" = whisper ] && wac send helper@chat.lan --to \"$from\" \"it is $(date)\"
done",
    ),
    (
        "Ask whether somebody is there",
        "wac who chat.lan | grep -qix ann && echo 'ann is there'",
    ),
    (
        "Keep what is said, for other programs",
        "wac listen --json chat.lan >chat.jsonl",
    ),
];
