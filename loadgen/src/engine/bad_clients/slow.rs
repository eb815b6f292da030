//! Readers that don't keep up. That the server closes them is its right, and no fault of the run.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::{MissedTickBehavior, interval};

use super::login::log_in;
use super::{Beginning, Came};
use crate::plan::Plan;
use crate::plan::ids::User;

/// How often a slow reader reads.
const READS_A_SECOND: u32 = 10;

/// Reads so many bytes a second, until the connection ends.
pub(super) async fn reads(
    plan: Arc<Plan>,
    beginning: Beginning,
    came: Arc<Came>,
    user: User,
    rate: u32,
) {
    beginning.wait().await;
    let Ok(mut stream) = log_in(&plan, user).await else {
        return;
    };
    came.note(user);
    let mut buffer = vec![0; rate.div_ceil(READS_A_SECOND) as usize];
    let mut ticks = interval(Duration::from_secs(1) / READS_A_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Ok(0) | Err(_) = stream.read(&mut buffer).await {
            return;
        }
    }
}

/// Logs in and reads nothing.
pub(super) async fn stops(plan: Arc<Plan>, beginning: Beginning, came: Arc<Came>, user: User) {
    beginning.wait().await;
    if let Ok(_stream) = log_in(&plan, user).await {
        came.note(user);
        pending().await
    }
}
