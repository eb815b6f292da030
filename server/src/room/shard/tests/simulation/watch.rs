//! Watchdog of the simulation: a step that never ends fails, and names its seed.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Thousands of times longer than any step takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches the steps of a run.
pub(super) struct Watch(Arc<State>);

#[derive(Default)]
struct State {
    seed: AtomicU64,
    steps: AtomicU64,
}

/// Names the seed if the run fails.
pub(super) struct Named(u64);

impl Watch {
    pub(super) fn start() -> Self {
        let state = Arc::new(State::default());
        let watched = Arc::downgrade(&state);
        thread::spawn(move || {
            let mut seen = 0;
            while let Some(state) = watched.upgrade() {
                let steps = state.steps.load(Ordering::Relaxed);
                if std::mem::replace(&mut seen, steps) == steps && steps > 0 {
                    tell(state.seed.load(Ordering::Relaxed), "never ends a step");
                    process::exit(101);
                }
                drop(state);
                thread::sleep(PATIENCE);
            }
        });
        Self(state)
    }

    pub(super) fn begin(&self, seed: u64) -> Named {
        self.0.seed.store(seed, Ordering::Relaxed);
        Named(seed)
    }

    pub(super) fn alive(&self) {
        self.0.steps.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        if thread::panicking() {
            tell(self.0, "fails");
        }
    }
}

fn tell(seed: u64, what: &str) {
    eprintln!(
        "seed {seed} {what}; WAC_SEED={seed} cargo test -p wac-server --lib simulation -- --nocapture"
    );
}
