//! Tests of the load tester, against the real server and against a fake one that misbehaves on purpose.
//!
//! Results are read from a run's JSON, and the output for people from its text.

mod busy;
mod closed_loop;
mod command;
mod compare;
mod delay;
mod doctor;
mod faults;
mod find_max;
mod interrupt;
mod limits;
mod open_loop;
mod refusals;
mod report;
mod right;
mod seed;
mod selftest;
mod shapes;
mod stall;
mod tester;
mod words;
