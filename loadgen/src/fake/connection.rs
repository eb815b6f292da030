//! One connection: its lines become what happens in the room.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use super::lock;
use super::room::{MemberId, Refused, Room};

/// Reads a connection to its end.
pub(super) fn converse(stream: TcpStream, room: &Mutex<Room>) {
    // Each line is to leave at once, whatever was acknowledged of the one before.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let stream = Arc::new(stream);
    let me = lock(room).enter(stream.clone());
    for line in BufReader::new(&*stream).lines().map_while(Result::ok) {
        let mut room = lock(room);
        if let Err(Refused(why)) = obey(&mut room, me, &line) {
            room.answer(me, &format!("! {why}"));
        }
    }
    lock(room).leave(me);
}

/// Does what a line says, as far as a load tester says anything.
fn obey(room: &mut Room, me: MemberId, line: &str) -> Result<(), Refused> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word.to_ascii_uppercase().as_str() {
        "" => Ok(()),
        "LIN" => room.log_in(me, rest),
        "MSG" => room.say(me, rest),
        "W" => {
            let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
            room.whisper(me, name, text)
        }
        "PING" => {
            room.answer(me, format!("PONG {rest}").trim_end());
            Ok(())
        }
        "QUIT" => {
            room.dismiss(me, "* closing: goodbye");
            Ok(())
        }
        _ => Err(Refused(format!("unknown command {word}; HELP lists them"))),
    }
}
