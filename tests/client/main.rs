//! Tests of the client as a person uses it (on a pseudo-terminal whose screen is read through a terminal
//! emulator) and as a program uses it (in a pipe).

mod length;
mod proxy;
mod reflow;
mod run;
mod stand_in;
mod talk;
mod term;

mod addresses;
mod any_bytes;
mod attention;
mod comes_back;
mod complete;
mod config;
mod ctrl_r;
mod external_editor;
mod history;
mod hostile;
mod keys;
mod listen;
mod log;
mod login;
mod look;
mod lost;
mod measured;
mod misses_nothing;
mod order;
mod passwords;
mod paste;
mod pipe;
mod plain;
mod raw;
mod recipes;
mod resize;
mod row;
mod send;
mod signals;
mod signs;
mod strangers;
mod suspend;
mod tls;
mod typing;
mod uncoloured;
mod unread;
mod who;
