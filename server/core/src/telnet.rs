//! Telnet filter: removes Telnet commands (RFC 854) from a byte stream, byte by byte, however they are split.

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
const SB: u8 = 250;
const AYT: u8 = 246;
const SE: u8 = 240;
const TIMING_MARK: u8 = 6;

/// The state of the stream within a Telnet command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Telnet {
    #[default]
    Data,
    Command,
    Option(u8),
    Subnegotiation,
    SubnegotiationCommand,
}

/// The meaning of one byte of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A byte of text.
    Data(u8),
    /// A part of a command, to be dropped.
    Nothing,
    /// "Are you there?"
    AreYouThere,
    /// The other side offers (`WILL`) or requests (`DO`) an option.
    Offer(Offer),
}

/// An option that the other side offers or requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    asks_us: bool,
    option: u8,
}

impl Offer {
    /// Returns the bytes that decline the option: `DONT` to a `WILL`, `WONT` to a `DO`.
    pub(crate) fn decline(self) -> [u8; 3] {
        [IAC, if self.asks_us { WONT } else { DONT }, self.option]
    }
}

impl Telnet {
    /// Takes the next byte of the stream.
    pub(crate) fn step(&mut self, byte: u8) -> Step {
        let (next, step) = match (*self, byte) {
            (Self::Data, IAC) => (Self::Command, Step::Nothing),
            (Self::Data, _) => (Self::Data, Step::Data(byte)),
            (Self::Command, IAC) => (Self::Data, Step::Data(IAC)),
            (Self::Command, WILL | WONT | DO | DONT) => (Self::Option(byte), Step::Nothing),
            (Self::Command, SB) => (Self::Subnegotiation, Step::Nothing),
            (Self::Command, AYT) => (Self::Data, Step::AreYouThere),
            (Self::Command, _) => (Self::Data, Step::Nothing),
            (Self::Option(WILL), option) => (
                Self::Data,
                Step::Offer(Offer {
                    asks_us: false,
                    option,
                }),
            ),
            (Self::Option(DO), option) => (
                Self::Data,
                Step::Offer(Offer {
                    asks_us: true,
                    option,
                }),
            ),
            (Self::Option(_), _) => (Self::Data, Step::Nothing),
            (Self::Subnegotiation, IAC) => (Self::SubnegotiationCommand, Step::Nothing),
            (Self::Subnegotiation, _) => (Self::Subnegotiation, Step::Nothing),
            (Self::SubnegotiationCommand, SE) => (Self::Data, Step::Nothing),
            (Self::SubnegotiationCommand, _) => (Self::Subnegotiation, Step::Nothing),
        };
        *self = next;
        step
    }
}

/// The offers already declined. Each is declined once, so that two ends do not decline for ever:
/// two bits for each of 256 options.
#[derive(Debug, Default)]
pub(crate) struct Declined([u64; 8]);

impl Declined {
    /// Notes an offer; tells whether to decline it: the first of its kind, and each request
    /// for a timing mark, because after Ctrl-C a client shows nothing before that answer (RFC 860).
    pub(crate) fn is_due(&mut self, offer: Offer) -> bool {
        let bit = usize::from(offer.option) + if offer.asks_us { 256 } else { 0 };
        let (word, mask) = (&mut self.0[bit / 64], 1 << (bit % 64));
        let new = *word & mask == 0;
        *word |= mask;
        new || (offer.asks_us && offer.option == TIMING_MARK)
    }
}
