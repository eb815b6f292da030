//! Words of attackers: names, bytes by chance, and pieces of the protocol.

/// SplitMix64 (Steele, Lea, Flood 2014): the same words in every run.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_of<'a, T: ?Sized>(&mut self, them: &[&'a T]) -> &'a T {
        them[self.below(them.len())]
    }
}

const RESERVED: [&str; 5] = ["server", "admin", "root", "system", "wac"];
/// Letters, each with others that look like it.
const ALIKE: [(char, &str); 8] = [
    ('a', "аɑα"),
    ('c', "сϲᴄ"),
    ('e', "еҽ"),
    ('i', "іι"),
    ('o', "оοσ"),
    ('s', "ѕꜱ"),
    ('v', "ѵν"),
    ('y', "уγ"),
];

/// Returns a name that nobody may have.
pub(crate) fn reserved(random: &mut Dice) -> String {
    let name = random.one_of(&RESERVED);
    let any_case = |letter: char| match random.below(2) {
        0 => letter,
        _ => letter.to_ascii_uppercase(),
    };
    name.chars().map(any_case).collect()
}

/// Returns a name that looks like one that nobody may have.
pub(crate) fn look_alike(random: &mut Dice) -> String {
    let name = random.one_of(&RESERVED[..4]);
    let other = |letter: char| {
        let alike = ALIKE.iter().find(|(ours, _)| *ours == letter);
        let others: Vec<char> = alike
            .map_or(String::new(), |it| it.1.to_owned())
            .chars()
            .collect();
        match others[..] {
            [] => letter,
            _ => others[random.below(others.len())],
        }
    };
    name.chars().map(other).collect()
}

/// Returns a login with a guessed password, half of them for a name that nobody has registered.
pub(crate) fn guess(random: &mut Dice) -> Vec<u8> {
    let name = random.one_of(&["victim", "nobody"]);
    format!("LIN {name} {:016x}\n", random.next()).into_bytes()
}

/// Returns bytes by chance.
pub(crate) fn garbage(random: &mut Dice) -> Vec<u8> {
    (0..512).flat_map(|_| random.next().to_ne_bytes()).collect()
}

#[rustfmt::skip]
const PIECES: [&[u8]; 43] = [
    b"LIN ", b"MSG ", b"W ", b"WHO", b"SEC", b"HELP", b"PING ", b"QUIT", b"HIST ", b"MARK", b"SINCE ", b"lin ", b"mSg ", b"NICK ", b"GET / HTTP/1.1",
    b"\n", b"\n", b"\n", b"\r\n", b"\r\0", b"\r", b"\0", b" ", b"  ", b"\t", b"\"", b"victim ", b"server ", b"x",
    b"\xff\xfb\x01", b"\xff\xf6", b"\xff\xfa\x18\x00\xff\xf0", b"\xff\xff", b"\xff", b"\x08", b"\x7f", b"\x1b[2J",
    b"\xef\xbb\xbf", b"\xc3\x28", b"\xed\xa0\x80", "e\u{301}\u{301}\u{301}".as_bytes(), "\u{202e}".as_bytes(),
    "\u{1f468}\u{200d}\u{1f469}".as_bytes(),
];

/// Returns pieces of the protocol in any order, some of them many times.
pub(crate) fn fuzz(random: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.below(40) {
        let times = match random.below(50) {
            0 => 5_000,
            1..5 => 40,
            _ => 1,
        };
        let piece = random.one_of(&PIECES);
        (0..times).for_each(|_| bytes.extend_from_slice(piece));
    }
    bytes
}
