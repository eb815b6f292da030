//! Attention: what is said while the user does not look.

use super::*;

#[test]
fn what_comes_while_the_user_looks_is_shown_like_the_rest() {
    chats("< bob: hi\n show bob: hi\n focus gained\n < bob: ho\n show bob: ho");
}

#[test]
fn one_rule_stands_before_what_the_user_did_not_see() {
    chats(
        "focus lost
         < bob: hi
         unread 1
         rule since you looked
         show bob: hi
         < bob: ho
         unread 2
         show bob: ho
         focus gained
         unread 0
         < bob: back?
         show bob: back?
         focus lost
         focus lost
         < bob: gone again
         unread 1
         rule since you looked
         show bob: gone again",
    );
}

#[test]
fn only_what_people_say_counts() {
    chats(
        "focus lost
         < * dave joined
         +1s
         show + dave
         < * slow down: your lines wait
         show * slow down: your lines wait
         > /mute eve
         tell muted: eve; /mute NAME again unmutes
         < eve: hi
         focus gained",
    );
}

#[test]
fn what_is_for_the_user_is_marked_and_notified_at_most_once_in_ten_seconds() {
    chats(
        "focus lost
         < bob: hi
         unread 1
         rule since you looked
         show bob: hi
         < bob: ann, look
         unread 2!
         ring and show ▌bob: ann, look
         notify mention by bob: ann, look
         +9s
         < bob whispers, \"psst\"
         unread 3!
         ring and show bob ⇢ me: psst
         +1s
         < bob whispers, \"the key is 1234\"
         unread 4!
         show bob ⇢ me: the key is 1234
         notify whisper from bob",
    );
}

#[test]
fn a_notification_holds_no_control_character() {
    chats(
        "focus lost
         < bob: ann \u{1b}]0;x\u{7}\u{202e}
         unread 1!
         rule since you looked
         ring and show ▌bob: ann \u{1b}]0;x\u{7}\u{202e}
         notify mention by bob: ann ]0;x",
    );
}

#[test]
fn whoever_types_looks_whatever_the_terminal_says() {
    chats(
        "focus lost
         < bob: hi
         unread 1
         rule since you looked
         show bob: hi
         key
         unread 0
         < bob: ho
         show bob: ho",
    );
}
