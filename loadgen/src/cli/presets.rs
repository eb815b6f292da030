//! Presets: the defaults of a run's flags.

use std::time::Duration;

use super::values::{Arrival, Rate, Senders, Storm};

/// A named shape of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preset {
    Run,
    Town,
    Idle,
    Storm,
    Soak,
    Flood,
    /// One try of a search.
    Try,
}

/// What a preset says where the flags are silent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Defaults {
    pub(crate) users: u32,
    pub(crate) senders: Senders,
    /// None where nobody talks.
    pub(crate) rate: Option<Rate>,
    pub(crate) duration: Duration,
    pub(crate) warmup: Duration,
    pub(crate) arrival: Arrival,
    /// None where what is due waits for nobody.
    pub(crate) in_flight: Option<u32>,
    pub(crate) storm: Option<Storm>,
}

const TOWN: Defaults = Defaults {
    users: 1000,
    senders: Senders::Percent(10.0),
    rate: Some(Rate(20.0)),
    duration: Duration::from_secs(30),
    warmup: Duration::from_secs(5),
    arrival: Arrival::Poisson,
    in_flight: None,
    storm: None,
};

/// More than any server brings to 1,000 readers: a hundred million deliveries a second. As a schedule of 4 s it
/// takes 6.4 MB.
const FLOOD: Rate = Rate(100_000.0);

impl Preset {
    /// As it is typed, and shown in results.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Town => "town",
            Self::Idle => "idle",
            Self::Storm => "storm",
            Self::Soak => "soak",
            Self::Flood => "flood",
            Self::Try => "find-max",
        }
    }

    pub(crate) fn defaults(self) -> Defaults {
        match self {
            Self::Run => Defaults {
                users: 100,
                rate: Some(Rate(10.0)),
                duration: Duration::from_secs(10),
                warmup: Duration::ZERO,
                ..TOWN
            },
            Self::Town => TOWN,
            Self::Idle => Defaults {
                rate: None,
                warmup: Duration::ZERO,
                ..TOWN
            },
            Self::Storm => Defaults {
                storm: Some(Storm {
                    at: Duration::from_secs(10),
                    frac: 0.5,
                    back: Duration::from_secs(5),
                }),
                ..TOWN
            },
            Self::Soak => Defaults {
                duration: Duration::from_secs(3600),
                ..TOWN
            },
            Self::Flood => Defaults {
                senders: Senders::Count(32),
                rate: Some(FLOOD),
                duration: Duration::from_secs(3),
                warmup: Duration::from_secs(1),
                arrival: Arrival::Even,
                in_flight: Some(256),
                ..TOWN
            },
            Self::Try => Defaults {
                duration: Duration::from_secs(5),
                warmup: Duration::from_secs(1),
                ..TOWN
            },
        }
    }
}
