//! Busy machines: a machine without idle time is unfit for measuring, and the verdict says so.

use std::hint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use wac_tests::Server;

use crate::tester::run;

/// The longest time that the threads run, whatever happens to the test.
const BURNS_AT_MOST: Duration = Duration::from_secs(20);

/// Threads that keep all cores busy, two for each core. They end when this value is dropped.
struct Fire {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Fire {
    fn light() -> Fire {
        let over = Arc::new(AtomicBool::new(false));
        let cores = thread::available_parallelism().expect("the cores can be counted");
        let burn = |_| {
            let over = over.clone();
            let until = Instant::now() + BURNS_AT_MOST;
            thread::spawn(move || {
                while !over.load(Relaxed) && Instant::now() < until {
                    hint::spin_loop();
                }
            })
        };
        let threads = (0..2 * cores.get()).map(burn).collect();
        Fire { over, threads }
    }
}

impl Drop for Fire {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("burning does not panic");
        }
    }
}

#[test]
fn a_run_on_a_busy_machine_is_not_valid() {
    let server = Server::start();
    let _fire = Fire::light();
    let told = run(
        server.address().tcp(),
        "--users 20 --rate 100/s --duration 3s",
    );
    assert_ne!(told.words("/verdict/trust"), "VALID", "{}", told.text);
}
