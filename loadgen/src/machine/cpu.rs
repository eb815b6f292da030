//! Whose the machine's time was.

use std::fs;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::time::{ClockId, clock_gettime};

/// The kernel counts in hundredths of a second (`USER_HZ`, which is 100 on every Linux of today).
const TICK_MS: u64 = 10;

/// The machine's time so far, of all cores together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MachineTime {
    pub(crate) total: Duration,
    pub(crate) idle: Duration,
    pub(crate) steal: Duration,
    /// Of programs, in their own code and in the kernel for them; interrupts are nobody's.
    pub(crate) programs: Duration,
}

impl MachineTime {
    /// Now; none where the kernel does not tell.
    pub(crate) fn now() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    fn parse(stat: &str) -> Option<Self> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let ticks: Option<Vec<u64>> = line
            .split_whitespace()
            .map(|word| word.parse().ok())
            .collect();
        // user nice system idle iowait irq softirq steal, then guests, who are in user and nice.
        let [user, nice, system, idle, iowait, irq, softirq, steal] = *ticks?.first_chunk()?;
        let sum = |ticks: &[u64]| Duration::from_millis(TICK_MS * ticks.iter().sum::<u64>());
        Some(Self {
            total: sum(&[user, nice, system, idle, iowait, irq, softirq, steal]),
            idle: sum(&[idle, iowait]),
            steal: sum(&[steal]),
            programs: sum(&[user, nice, system]),
        })
    }

    /// What has passed since an earlier moment.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            idle: self.idle.saturating_sub(earlier.idle),
            steal: self.steal.saturating_sub(earlier.steal),
            programs: self.programs.saturating_sub(earlier.programs),
        }
    }
}

/// CPU time of this process, user and system.
pub(crate) fn of_this_process() -> Duration {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return Duration::ZERO;
    };
    [usage.user_time(), usage.system_time()]
        .iter()
        .map(|time| Duration::from_micros((time.tv_sec() * 1_000_000 + time.tv_usec()) as u64))
        .sum()
}

/// CPU time of the thread that asks, user and system.
pub(crate) fn of_this_thread() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

/// One time as a share of another, 0 to 1.
pub(crate) fn share(part: Duration, of: Duration) -> Option<f64> {
    (!of.is_zero()).then(|| (part.as_secs_f64() / of.as_secs_f64()).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_time_is_read_from_the_kernels_line() {
        let stat = "cpu  100 20 30 400 50 6 7 80 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
        let time = MachineTime::parse(stat).unwrap();
        let ms = |time: Duration| time.as_millis();
        assert_eq!(ms(time.total), 6_930);
        assert_eq!(
            (ms(time.idle), ms(time.steal), ms(time.programs)),
            (4_500, 800, 1_500)
        );
        assert_eq!(MachineTime::parse("intr 5\n"), None);
    }

    #[test]
    fn time_passes_here() {
        let (process, thread) = (of_this_process(), of_this_thread());
        let now = MachineTime::now().unwrap();
        assert!(now.total >= now.idle + now.steal + now.programs);
        assert!(thread <= of_this_thread() && process <= of_this_process());
        assert!(of_this_thread() > Duration::ZERO);
    }
}
