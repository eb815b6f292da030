//! Message rate: `5/s`.

use std::str::FromStr;
use std::time::Duration;

/// A rate, as the least time between two messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Never zero.
    pub(crate) interval: Duration,
}

/// A text that is not a rate.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("wanted N/s, N/m or N/h, N at least 1")]
pub(crate) struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, unit) = text.split_once('/').ok_or(RateError)?;
        let seconds = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 60 * 60,
            _ => return Err(RateError),
        };
        match number.parse() {
            Ok(0) | Err(_) => Err(RateError),
            Ok(number) => Ok(Self {
                interval: Duration::from_secs(seconds) / number,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_an_interval() {
        let interval = |text: &str| text.parse::<Rate>().map(|rate| rate.interval);
        assert_eq!(interval("5/s"), Ok(Duration::from_millis(200)));
        assert_eq!(interval("30/m"), Ok(Duration::from_secs(2)));
        assert_eq!(interval("1/h"), Ok(Duration::from_secs(3600)));
        for text in ["", "5", "/s", "0/s", "-1/s", "5/d", "5/s/s", "1.5/s"] {
            assert_eq!(interval(text), Err(RateError), "{text}");
        }
    }
}
