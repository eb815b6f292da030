//! Rules of the server's loop (`server/DESIGN.md`) that a process shows from outside. Rules that only pure
//! code can show are tested beside that code.

mod design;
mod direct_messages;
mod endings;
mod fence;
mod idle;
mod new_streams;
mod pacing;
mod pipelines;
mod too_slow;
