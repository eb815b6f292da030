//! The load tester: against the real server, and against a fake one that does wrong on purpose.
//!
//! What a run came to is read from its JSON; what people see, from its text.

mod fake;
mod faults;
mod interrupt;
mod limits;
mod open_loop;
mod refusals;
mod right;
mod seed;
mod tester;
