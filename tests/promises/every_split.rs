//! Splits of the stream: however a client cuts its bytes into packets, the answers are the same.

use wac_tests::{Peer, Server};

/// A way to cut a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Never,
    BetweenCharacters,
    BetweenBytes,
}

/// Every command, refusals, and lines that are no command.
fn lines() -> Vec<Vec<u8>> {
    let telnet: [&[u8]; 3] = [
        b"MSG o\xff\xfb\x18ne\n",
        b"\xff\xfd\x01PING \xff\xf1y\n",
        b"\xff\xf6\n",
    ];
    let texts = [
        "MSG before\n",
        "LIN \n",
        "LIN \"Zoë\"\r\n",
        "lin zoe\n",
        "MSG héllo, 名前 🙂\n",
        "MSG \n",
        "W bob psst\n",
        "W nobody x\n",
        "WHO\r\n",
        "SEC\n",
        "HELP\n",
        "PING\n",
        "PING ü\n",
        "\n",
        "\r\n",
        "nonsense\n",
        "MSG helo\x08lo\x1b\n",
        "MSG \u{202e}x\n",
    ];
    let mut lines: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    lines.extend(telnet.map(<[u8]>::to_vec));
    lines.push(b"MSG \xc3(\n".to_vec());
    lines.push([&[b'x'; 5000][..], b"\n"].concat());
    lines.push(b"QUIT\n".to_vec());
    lines
}

fn pieces(line: &[u8], cut: Cut) -> Vec<&[u8]> {
    match cut {
        Cut::Never => vec![line],
        Cut::BetweenCharacters => line.chunk_by(|_, next| *next & 0xc0 == 0x80).collect(),
        Cut::BetweenBytes => line.chunks(1).collect(),
    }
}

/// Returns the answers to the speaker, byte for byte, and the lines that another user received.
fn dialogue(cut: Cut) -> (String, Vec<String>) {
    let server = Server::setup().with("--shards", "1").start();
    let (mut bob, mut pacer) = (server.user("bob"), server.connect());
    let mut speaker = server.connect();
    for line in lines() {
        for piece in pieces(&line, cut) {
            speaker.send_bytes(piece);
            pace(&mut pacer);
        }
    }
    let answers = speaker.bytes_to_end();
    (
        answers.escape_ascii().to_string().replace("\\n", "\\n\n"),
        bob.fence(),
    )
}

/// Waits for an answer on another connection of the same shard: the bytes sent before have been read by then.
fn pace(pacer: &mut Peer) {
    pacer.fence();
}

#[test]
fn a_line_sent_whole_by_character_and_by_byte_gets_the_same_answers() {
    let whole = dialogue(Cut::Never);
    for cut in [Cut::BetweenCharacters, Cut::BetweenBytes] {
        let (answers, heard) = dialogue(cut);
        assert_eq!(answers, whole.0, "{cut:?}");
        assert_eq!(heard, whole.1, "{cut:?}");
    }
}

#[test]
fn everything_in_one_packet_gets_the_same_answers() {
    let (answers, heard) = dialogue(Cut::Never);
    let server = Server::setup().with("--shards", "1").start();
    let (mut bob, _pacer) = (server.user("bob"), server.connect());
    let mut speaker = server.connect();
    speaker.send_bytes(&lines().concat());
    let at_once = speaker
        .bytes_to_end()
        .escape_ascii()
        .to_string()
        .replace("\\n", "\\n\n");
    assert_eq!(at_once, answers);
    assert_eq!(bob.fence(), heard);
}
