//! One connection: its lines become what happens in the room.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use wac_core::wire::closing::Closing;
use wac_core::wire::line::ServerLine;
use wac_core::wire::refusal::Refusal;

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
            room.answer(me, &ServerLine::Refusal(Refusal::Other(&why)));
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
            let text = Some(rest).filter(|text| !text.is_empty());
            room.answer(me, &ServerLine::Pong(text));
            Ok(())
        }
        "QUIT" => {
            room.dismiss(me, Closing::Goodbye);
            Ok(())
        }
        _ => Err(Refusal::UnknownCommand(word).into()),
    }
}
