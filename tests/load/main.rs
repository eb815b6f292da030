//! Tests under load. Each is bounded, finishes by itself and takes well under a minute. They
//! run one at a time (`--test-threads=1`), because each needs the machine.

mod abuse;
mod bursts;
mod killed_clients;
mod operator;
mod reloads;
mod resets;
mod rotations;
mod slow_readers;
mod stop;
mod storms;
mod stuck_whispers;
mod suspended;

// The load tester beside the tests of reloads and of the operator.
mod load_run;
// The people in the tests of the stop.
mod talkers;
