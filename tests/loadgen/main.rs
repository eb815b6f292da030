//! Tests of the load tester, against the real server and against a fake one that misbehaves on purpose.
//!
//! Results are read from a run's JSON, and the output for people from its text.

mod busy;
mod closed_loop;
mod command;
mod compare;
mod delay;
mod doctor;
mod exact;
mod fake;
mod faults;
mod find_max;
mod help;
mod interrupt;
mod limits;
mod nodes;
mod open_loop;
mod outputs;
mod refusals;
mod report;
mod resume;
mod seed;
mod settings;
mod stall;
mod tester;
mod tls;
mod workloads;
